"""The codebook of `variant: paper`: one update per step from all streams together, a data-driven start, resets that last.

The paper names the multimodal moving average without defining it; this is a stated choice (docs/methods.md):

- every stream weighs the same; a vector enters as `own` x + (1 - own) mean of the other streams at the same clip and second;
- count and weight decay alike and are not smoothed, so an unused code keeps its place instead of drifting to the origin;
- the first batch places the codes: code k starts as the k-th of K evenly spaced vectors of the batch, with count 1;
- a code that no stream chose for `reset_after` steps moves onto a random vector of the batch, in weight and count (1) too, so it stays.

Axes: B clips, T seconds, D code dimension, K codes, M streams.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cmg.nn.distributed import gather
from cmg.quantizers.codebook import Codebook, Quantized


class JointEMA(Codebook):
    def __init__(
        self,
        codes: int,
        dim: int,
        streams: tuple[str, ...],
        decay: float = 0.99,
        own: float = 0.5,
        reset_after: int = 300,
    ) -> None:
        super().__init__(codes, dim, streams)
        self.decay, self.own, self.reset_after = decay, own, reset_after
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))
        self.ema_count.fill_(1)
        self.unactivated_count.zero_()

    def forward(self, streams: Mapping[str, Tensor], uniform: Tensor) -> Quantized:
        """Quantise streams [B,T,D]; in training mode then update the codes. `uniform` [K]: see `Draws.reset`."""
        with torch.autocast(self.embedding.device.type, enabled=False):
            streams = {name: streams[name].to(self.embedding.dtype) for name in self.streams}
            if not self.training:
                return self.quantize(streams)
            vectors = torch.cat([gather(x.detach()).flatten(0, 1) for x in streams.values()])
            self._start(vectors)
            quantized = self.quantize(streams)
            self._update(streams, quantized, vectors, uniform)
        return quantized

    @torch.no_grad()
    def _start(self, vectors: Tensor) -> None:
        """Before the first step, place the codes on `vectors` [N,D] of the batch."""
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
        everyone = sum(streams.values())
        weight = torch.zeros_like(self.ema_weight)
        for name, x in streams.items():
            others = (everyone - x) / max(len(streams) - 1, 1)
            weight += self.weigh(self.own * x + (1 - self.own) * others, quantized.indices[name])
        self.ema_count.mul_(self.decay).add_(counts, alpha=1 - self.decay)
        self.ema_weight.mul_(self.decay).add_(weight, alpha=1 - self.decay)
        self._reset(counts, vectors, uniform)
        self.embedding.copy_(self.ema_weight / self.ema_count.unsqueeze(1))

    def _reset(self, counts: Tensor, vectors: Tensor, uniform: Tensor) -> None:
        """Move dead codes onto vectors [N,D] of this batch, in the statistics that the codes are made from."""
        idle = torch.where(counts > 0, 0, self.unactivated_count + 1)
        dead = idle >= self.reset_after
        chosen = (uniform.to(vectors.device) * vectors.shape[0]).long()
        self.ema_weight.copy_(torch.where(dead.unsqueeze(1), vectors[chosen], self.ema_weight))
        self.ema_count.copy_(torch.where(dead, 1, self.ema_count))
        self.unactivated_count.copy_(torch.where(dead, 0, idle))
