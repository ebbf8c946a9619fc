"""The codebook of `variant: paper`: one update per step from all streams together, a data-driven start, resets that last.

The paper names the multimodal moving average without defining it; this is a stated choice (docs/methods.md):

- every stream weighs the same; a vector enters as `own` x + (1 - own) mean of what the other streams have for it: their vector at the
  same clip and second (`mixing="aligned"`), or what x attends to among the seconds of their clip (`"attention"`, DCID Eq. 7 as printed);
- count and weight decay alike and are not smoothed, so an unused code keeps its place instead of drifting to the origin;
- the first batch places the codes: code k starts on the k-th of K evenly spaced places of the batch, with count 1; places are the vectors
  of all streams, one stream after the other (`places="vectors"`), or their means over the streams (`"means"`), so that no stream owns one;
- a code that no stream chose for `reset_after` steps (`kept_by="any"`), or that some stream did not (`"all"`, as DCID's paper says),
  moves onto a random place of the batch, in weight and count (1) too, so it stays.

Axes: B clips, T seconds, D code dimension, K codes, M streams.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.distributed import gather
from cmg.quantizers.codebook import Codebook, Quantized

Mixing = Literal["aligned", "attention"]
KeptBy = Literal["any", "all"]
Places = Literal["vectors", "means"]


class JointEMA(Codebook):
    """[K,D] codes shared by `streams`; decay, own, mixing, kept_by and places as the head of this file names them.

    reset_after: steps without use after which a code moves. Buffers besides those of `Codebook`: `started`, whether the first batch came;
    `unactivated_count` is [M,K] with `kept_by="all"`.
    """

    def __init__(
        self,
        codes: int,
        dim: int,
        streams: tuple[str, ...],
        decay: float = 0.99,
        own: float = 0.5,
        reset_after: int = 300,
        mixing: Mixing = "aligned",
        kept_by: KeptBy = "any",
        places: Places = "vectors",
    ) -> None:
        super().__init__(codes, dim, streams)
        self.decay, self.own, self.reset_after = decay, own, reset_after
        self.mixing, self.kept_by, self.places = mixing, kept_by, places
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))
        self.ema_count.fill_(1)
        self.unactivated_count = torch.zeros(codes) if kept_by == "any" else torch.zeros(len(streams), codes)

    def forward(self, streams: Mapping[str, Tensor], uniform: Tensor) -> Quantized:
        """Quantise streams [B,T,D]; in training mode then update the codes. `uniform` [K]: see `Draws.reset`."""
        with torch.autocast(self.embedding.device.type, enabled=False):
            streams = {name: streams[name].to(self.embedding.dtype) for name in self.streams}
            if not self.training:
                return self.quantize(streams)
            places = self._places(streams)
            self._start(places)
            quantized = self.quantize(streams)
            self._update(streams, quantized, places, uniform)
        return quantized

    @torch.no_grad()
    def _places(self, streams: Mapping[str, Tensor]) -> Tensor:
        """Where codes may be put, over all processes: [N,D]."""
        each = list(streams.values())
        chosen = each if self.places == "vectors" else [sum(each) / len(each)]
        return torch.cat([gather(x.contiguous()).flatten(0, 1) for x in chosen])

    @torch.no_grad()
    def _start(self, vectors: Tensor) -> None:
        """Before the first step, place the codes on `vectors` [N,D]."""
        codes = self.embedding.shape[0]
        chosen = torch.arange(codes, device=vectors.device) * vectors.shape[0] // codes
        first = torch.where(self.started, self.embedding, vectors[chosen])
        self.ema_weight.copy_(torch.where(self.started, self.ema_weight, first))
        self.embedding.copy_(first)
        self.started.fill_(True)

    @torch.no_grad()
    def _update(self, streams: Mapping[str, Tensor], quantized: Quantized, vectors: Tensor, uniform: Tensor) -> None:
        self.hits.add_(quantized.counts)
        counts = quantized.counts.sum(dim=0).to(self.embedding.dtype)
        weight = torch.zeros_like(self.ema_weight)
        for name, x in streams.items():
            mixed = self.own * x + (1 - self.own) * self._others(name, streams)
            weight += self.weigh(mixed, quantized.indices[name])
        self.ema_count.mul_(self.decay).add_(counts, alpha=1 - self.decay)
        self.ema_weight.mul_(self.decay).add_(weight, alpha=1 - self.decay)
        self._reset(quantized.counts, vectors, uniform)
        self.embedding.copy_(self.ema_weight / self.ema_count.unsqueeze(1))

    def _others(self, name: str, streams: Mapping[str, Tensor]) -> Tensor:
        """What the other streams have for the vectors of stream `name`, on average: [B,T,D]; its own vectors where it is alone."""
        others = [x for other, x in streams.items() if other != name] or [streams[name]]
        if self.mixing == "attention":
            others = [attend(streams[name], x) for x in others]
        return sum(others) / len(others)

    def _reset(self, counts: Tensor, vectors: Tensor, uniform: Tensor) -> None:
        """Move dead codes onto `vectors` [N,D], in the statistics that the codes are made from; `counts` [M,K]."""
        used = counts > 0 if self.kept_by == "all" else counts.sum(dim=0) > 0
        idle = torch.where(used, 0, self.unactivated_count + 1)
        dead = (idle >= self.reset_after).reshape(-1, self.embedding.shape[0]).any(dim=0)
        chosen = (uniform.to(vectors.device) * vectors.shape[0]).long()
        self.ema_weight.copy_(torch.where(dead.unsqueeze(1), vectors[chosen], self.ema_weight))
        self.ema_count.copy_(torch.where(dead, 1, self.ema_count))
        self.unactivated_count.copy_(torch.where(dead, 0, idle))


def attend(query: Tensor, values: Tensor) -> Tensor:
    """Scaled dot-product attention without weights of its own: softmax_s(query_t . values_s / sqrt(D)) values_s; both [B,T,D]."""
    return F.scaled_dot_product_attention(query, values, values)
