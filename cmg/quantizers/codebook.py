"""A codebook in buffers: nearest codes, straight-through, usage.

Axes: B clips, T seconds, D code dimension, K codes, M streams (modalities that share the codebook).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cmg.nn.distributed import gather


@dataclass(frozen=True)
class Quantized:
    """One pass through the codebook, per stream.

    straight: x + stop(code - x) [B,T,D]; hard: the codes [B,T,D]; indices [B,T] int64;
    codebook: the [K,D] codes that were chosen from, before any update of this step; counts: choices of each stream [M,K].
    """

    straight: dict[str, Tensor]
    hard: dict[str, Tensor]
    indices: dict[str, Tensor]
    codebook: Tensor
    counts: Tensor


class Codebook(nn.Module):
    """Buffers of the released quantisers, by their names: embedding, ema_count, ema_weight, unactivated_count (idle steps).

    `hits` [M,K] counts the choices of each stream since `health` was last called.
    """

    def __init__(self, codes: int, dim: int, streams: tuple[str, ...]) -> None:
        super().__init__()
        self.streams = streams
        embedding = torch.empty(codes, dim).uniform_(-1 / 400, 1 / 400)
        self.register_buffer("embedding", embedding)
        self.register_buffer("ema_count", torch.zeros(codes))
        self.register_buffer("ema_weight", embedding.clone())
        self.register_buffer("unactivated_count", torch.full((codes,), -1.0))
        self.register_buffer("hits", torch.zeros(len(streams), codes, dtype=torch.int64))

    def nearest(self, x: Tensor) -> Tensor:
        """Index [...] int64 of the code nearest to x [...,D] in Euclidean distance, the first of equals; in float32 at least."""
        with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
            flat = x.reshape(-1, x.shape[-1]).to(self.embedding.dtype)
            score = torch.addmm(self.embedding.square().sum(dim=1), flat, self.embedding.T, alpha=-2)  # squared distance - |x|^2
            return score.argmin(dim=1).reshape(x.shape[:-1])

    def quantize(self, streams: Mapping[str, Tensor]) -> Quantized:
        """Nearest codes of every stream [B,T,D], with straight-through gradient. Changes nothing."""
        codebook = self.embedding.clone()
        indices = {name: self.nearest(x) for name, x in streams.items()}
        hard = {name: codebook[index] for name, index in indices.items()}
        straight = {name: x + (hard[name] - x).detach() for name, x in streams.items()}
        return Quantized(straight, hard, indices, codebook, self.counts(indices))

    @torch.no_grad()
    def counts(self, indices: Mapping[str, Tensor]) -> Tensor:
        """How often each stream chose each code, over all processes: [M,K] int64."""
        counts = torch.zeros_like(self.hits)
        for row, name in zip(counts, self.streams, strict=True):
            flat = gather(indices[name]).reshape(-1)
            row.scatter_add_(0, flat, torch.ones_like(flat))
        return counts

    @torch.no_grad()
    def weigh(self, vectors: Tensor, indices: Tensor) -> Tensor:
        """Sum of the vectors [B,T,D] that chose each code, over all processes: [K,D]."""
        rows, chosen = gather(vectors.contiguous()).flatten(0, 1), gather(indices).reshape(-1)
        return torch.zeros_like(self.ema_weight).index_add_(0, chosen, rows)

    @torch.no_grad()
    def health(self) -> dict[str, float]:
        """Codebook health since the last call, then starts again.

        `usage/<stream>`: share of codes chosen; `perplexity/<stream>`: exp of the entropy of choices, between 1 and K;
        `dead/<stream>`: codes never chosen; `shared/<n>`: share of all codes chosen by exactly n streams.
        """
        used = self.hits > 0
        result: dict[str, float] = {}
        for row, name in enumerate(self.streams):
            result[f"usage/{name}"] = used[row].float().mean().item()
            result[f"perplexity/{name}"] = perplexity(self.hits[row]).item()
            result[f"dead/{name}"] = float((~used[row]).sum().item())
        for n in range(len(self.streams) + 1):
            result[f"shared/{n}"] = (used.sum(dim=0) == n).float().mean().item()
        self.hits.zero_()
        return result


def perplexity(counts: Tensor) -> Tensor:
    """exp(entropy) of choice counts [...,K] -> [...]; 1 where nothing was chosen."""
    share = counts / counts.sum(dim=-1, keepdim=True).clamp(min=1)
    return torch.special.entr(share).sum(dim=-1).exp()
