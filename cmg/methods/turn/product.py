"""Product quantisation: a vector is cut into chunks, each with a codebook of its own, trained by gradient and shared by
all modalities.

Axes: B clips, T seconds, D code dimension, K codes per chunk, G chunks, M streams, N vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from cmg.nn.checks import check_option
from cmg.nn.distributed import gather
from cmg.nn.sums import added
from cmg.quantizers.codebook import Counted, Quantized, nearest

Start = Literal["means", "vectors", "uniform"]


class ProductVQ(Counted):
    """G codebooks [K,D/G] with `codes` = G K codes in all. ValueError where codes or D are no multiple of G.

    start: "vectors" puts code k of every chunk on the k-th of K evenly spaced vectors of the first batch, one stream
    after the other; "means" on means over the streams at one clip and second, so that no stream owns a code; "uniform"
    within +-1/K.
    """

    started: Tensor

    def __init__(self, codes: int, dim: int, chunks: int, streams: tuple[str, ...], start: Start = "means") -> None:
        check_option("codebook: start", start, Start)
        super().__init__(codes, streams)
        if codes % chunks or dim % chunks or codes < 2 * chunks:
            raise ValueError(
                "product codebook: "
                f"expected codes and dimension that are multiples of {chunks} chunks, found {codes}, {dim}"
            )
        self.places, each = start, codes // chunks
        self.embedding = nn.Parameter(torch.empty(chunks, each, dim // chunks).uniform_(-1 / each, 1 / each))
        self.register_buffer("started", torch.tensor(start == "uniform"))

    @torch.no_grad()
    def start(self, vectors: Mapping[str, Tensor]) -> None:
        """Place the codes on vectors [B,T,D] of all streams and processes, unless they are placed already."""
        if self.places == "uniform":
            return
        streams = [vectors[name] for name in self.streams]
        places = streams if self.places == "vectors" else [added(streams) / len(streams)]
        rows = torch.cat([gather(x.contiguous()).flatten(0, 1) for x in places])
        chunks, codes, _ = self.embedding.shape
        chosen = rows[torch.arange(codes, device=rows.device) * rows.shape[0] // codes]
        self.embedding.copy_(torch.where(self.started, self.embedding, torch.stack(chosen.chunk(chunks, dim=-1))))
        self.started.fill_(True)

    def nearest(self, x: Tensor) -> Tensor:
        """Index of the nearest code of every chunk: [...,D] -> [...,G] int64."""
        chunks = zip(x.chunk(len(self.embedding), dim=-1), self.embedding.detach(), strict=True)
        return torch.stack([nearest(part, book) for part, book in chunks], dim=-1)

    def forward(self, streams: Mapping[str, Tensor]) -> Quantized:
        """Quantise streams [B,T,D] of one shape, and in training mode count the choices.

        `hard` carries gradient to the codes, `straight` to the features; indices [B,T,G]; `counts` [M,G K] has the
        codes of the chunks side by side.
        """
        with torch.autocast(self.embedding.device.type, enabled=False):
            x = self.given(streams, self.embedding.dtype)
            indices = {name: self.nearest(value) for name, value in x.items()}
            hard = {
                n: torch.cat([book[i[..., g]] for g, book in enumerate(self.embedding)], dim=-1)
                for n, i in indices.items()
            }
            straight = {name: value + (hard[name] - value).detach() for name, value in x.items()}
        chunks, codes, _ = self.embedding.shape
        offset = torch.arange(chunks, device=self.embedding.device) * codes
        counts = self.counts({name: index + offset for name, index in indices.items()})
        if self.training:
            self.hits.add_(counts)
        return Quantized(straight, hard, indices, self.embedding.detach().clone(), counts)
