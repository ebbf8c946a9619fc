"""A codebook in buffers: nearest codes, straight-through, usage.

Axes: B clips, T seconds, D code dimension, K codes, M streams (modalities that share the codebook).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cmg.nn.distributed import gather, world

FUSED = "audiovisual"  # a stream made of two modalities
EPSILON = 1e-5  # of smoothed counts


@dataclass(frozen=True)
class Quantized:
    """One pass through the codebook, per stream.

    straight: x + stop(code - x) [B,T,D]; hard: the codes [B,T,D]; indices [B,T] int64;
    codebook: the [K,D] codes that were chosen from, before any update of this step; counts: choices per stream [M,K].
    """

    straight: dict[str, Tensor]
    hard: dict[str, Tensor]
    indices: dict[str, Tensor]
    codebook: Tensor
    counts: Tensor


@torch.no_grad()
def nearest(x: Tensor, codebook: Tensor) -> Tensor:
    """Index [...] int64 of the row of `codebook` [K,D] nearest to x [...,D] in Euclidean distance, the first of equals.

    Computed in the codebook's precision, whatever autocast says. Raises ValueError where the widths differ.
    """
    if codebook.ndim != 2 or x.shape[-1:] != codebook.shape[1:]:
        raise ValueError(
            f"codebook: expected x [...,D] and codes [K,D], found {list(x.shape)} and {list(codebook.shape)}"
        )
    with torch.autocast(x.device.type, enabled=False):
        flat = x.reshape(-1, x.shape[-1]).to(codebook.dtype)
        score = torch.addmm(codebook.square().sum(dim=1), flat, codebook.T, alpha=-2)  # squared distance - |x|^2
        return score.argmin(dim=1).reshape(x.shape[:-1])


def smoothed(counts: Tensor) -> Tensor:
    """Laplace smoothing of counts [...,K] that keeps their sum."""
    total = counts.sum(dim=-1, keepdim=True)
    return (counts + EPSILON) / (total + counts.shape[-1] * EPSILON) * total


class Counted(nn.Module):
    """`hits` [M,K] counts the choices of each stream since `health` was last called."""

    hits: Tensor

    def __init__(self, codes: int, streams: tuple[str, ...]) -> None:
        super().__init__()
        if isinstance(streams, str) or not streams or len(set(streams)) < len(streams):
            raise ValueError(f"codebook: expected streams, names that differ from each other, found {streams!r}")
        if codes < 1:
            raise ValueError(f"codebook: expected at least one code, found {codes}")
        self.streams = streams
        self.register_buffer("hits", torch.zeros(len(streams), codes, dtype=torch.int64))

    def given(self, streams: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
        """The codebook's own streams in its order and precision. Raises ValueError where one is missing."""
        if missing := [name for name in self.streams if name not in streams]:
            raise ValueError(
                f"codebook of {', '.join(self.streams)}: "
                f"no {', '.join(missing)} among {', '.join(streams) or 'nothing'}"
            )
        return {name: streams[name].to(dtype) for name in self.streams}

    @torch.no_grad()
    def counts(self, indices: Mapping[str, Tensor]) -> Tensor:
        """How often each stream chose each code, over all processes; indices int64 of any shape -> [M,K] int64."""
        flat = [gather(indices[name]).reshape(-1) for name in self.streams]
        return torch.stack([x.new_zeros(self.hits.shape[1]).scatter_add_(0, x, torch.ones_like(x)) for x in flat])

    @torch.no_grad()
    def health(self, table: Tensor) -> dict[str, float]:
        """`health` of the choices from `table` since the last call, which are forgotten; empty where there are none."""
        result = health(self.hits, self.streams, table) if self.hits.any() else {}
        self.hits.zero_()
        return result


class Codebook(Counted):
    """Buffers named as in the released quantisers: embedding, ema_count, ema_weight, unactivated_count (idle steps)."""

    embedding: Tensor
    ema_count: Tensor
    ema_weight: Tensor
    unactivated_count: Tensor

    def __init__(self, codes: int, dim: int, streams: tuple[str, ...]) -> None:
        super().__init__(codes, streams)
        embedding = torch.empty(codes, dim).uniform_(-1 / 400, 1 / 400)
        self.register_buffer("embedding", embedding)
        self.register_buffer("ema_count", torch.zeros(codes))
        self.register_buffer("ema_weight", embedding.clone())
        self.register_buffer("unactivated_count", torch.full((codes,), -1.0))

    def part(self, table: Tensor, name: str) -> Tensor:
        """The codes [K,D] of stream `name` in a table: all of it, unless a subclass gives each stream its columns."""
        return table

    def nearest(self, x: Tensor, name: str = "") -> Tensor:
        """Index [...] int64 of the code of stream `name` nearest to x [...,D]."""
        return nearest(x, self.part(self.embedding, name))

    def quantize(self, streams: Mapping[str, Tensor]) -> Quantized:
        """Nearest codes of every stream [B,T,D], with straight-through gradient. Changes nothing."""
        codebook = self.embedding.clone()
        indices = {name: self.nearest(x, name) for name, x in streams.items()}
        hard = {name: self.part(codebook, name)[index] for name, index in indices.items()}
        straight = {name: x + (hard[name] - x).detach() for name, x in streams.items()}
        return Quantized(straight, hard, indices, codebook, self.counts(indices))

    @torch.no_grad()
    def weigh(self, vectors: Tensor, indices: Tensor) -> Tensor:
        """Sum of the vectors [B,T,D] that chose each code, over all processes: [K,D]."""
        rows, chosen = gather(vectors.contiguous()).flatten(0, 1), gather(indices).reshape(-1)
        return rows.new_zeros(self.hits.shape[1], rows.shape[1]).index_add_(0, chosen, rows)


def effective_rank(table: Tensor) -> float:
    """exp of the entropy of the shares of variance along the principal axes of the codes [K,D].

    1 on a line, min(K - 1, D) at most, 0 where all codes are equal. Of several codebooks [G,K,D] the mean.
    """
    variances = torch.linalg.svdvals((table - table.mean(dim=-2, keepdim=True)).double()).square()
    total = variances.sum(dim=-1, keepdim=True)
    ranks = torch.special.entr(variances / total.clamp(min=torch.finfo(total.dtype).tiny)).sum(dim=-1).exp()
    return torch.where(total.squeeze(-1) > 0, ranks, 0).mean().item()


def health(hits: Tensor, streams: tuple[str, ...], table: Tensor) -> dict[str, float]:
    """Codebook health from how often M streams chose each of K codes, [M,K] int64, and the codes [K,D] or [G,K/G,D].

    `usage/<stream>`: share of codes chosen; `perplexity/<stream>`: exp of the entropy of choices, between 1 and K;
    `dead/<stream>`: codes never chosen; `shared/<n>`: share of all codes chosen by exactly n modalities, without fused
    streams; `effective_rank`: of the codes, whether chosen or not.
    """
    used = hits > 0
    result: dict[str, float] = {}
    for row, name in enumerate(streams):
        result[f"usage/{name}"] = used[row].float().mean().item()
        result[f"perplexity/{name}"] = perplexity(hits[row]).item()
        result[f"dead/{name}"] = float((~used[row]).sum().item())
    modal = used[[row for row, name in enumerate(streams) if name != FUSED]]
    for n in range(len(modal) + 1):
        result[f"shared/{n}"] = (modal.sum(dim=0) == n).float().mean().item()
    return result | {"effective_rank": effective_rank(table)}


def perplexity(counts: Tensor) -> Tensor:
    """exp(entropy) of choice counts [...,K] -> [...]; 1 where nothing was chosen."""
    share = counts / counts.sum(dim=-1, keepdim=True).clamp(min=1)
    return torch.special.entr(share).sum(dim=-1).exp()


def monitors(quantized: Quantized) -> dict[str, Tensor]:
    """`choice_monitors` of one pass through a codebook."""
    return choice_monitors(quantized.counts, quantized.indices)


def choice_monitors(counts: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """Share of the codebook chosen in this step, and perplexity of the choices, per stream; counts [M,K]."""
    used, spread, names = (counts > 0).float().mean(dim=1), perplexity(counts), list(names)
    return {f"usage_{n}": used[i] for i, n in enumerate(names)} | {
        f"perplexity_{n}": spread[i] for i, n in enumerate(names)
    }


def agreement(indices: Mapping[str, Tensor]) -> Tensor:
    """Clips of the global batch whose most frequent index (`_mode`) is the same in all modalities. [B,T] -> []."""
    modes = torch.stack([_mode(index) for index in indices.values()])
    return (modes == modes[0]).all(dim=0).sum() * world()[1]  # monitors are averaged over processes, and this is a sum


def _mode(index: Tensor) -> Tensor:
    """Each row's most frequent value, the smallest of equals: `Tensor.mode` without its wait. [B,T] -> [B]."""
    counts = (index.unsqueeze(2) == index.unsqueeze(1)).sum(dim=2)
    often = counts == counts.amax(dim=1, keepdim=True)
    return torch.where(often, index, torch.iinfo(index.dtype).max).amin(dim=1)
