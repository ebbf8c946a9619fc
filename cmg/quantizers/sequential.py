"""The multimodal moving average of the released quantisers (FCID, DCID), quirks included.

- the streams update one after another, in the order of `streams`, so a step decays once per stream and the last weighs most;
- counts start at zero and are smoothed (`epsilon`): unused codes explode in the first step, then shrink to the origin;
- a code idle for more than `reset_after` forwards becomes a copy of a random code idle for fewer than `active_below`, shifted by the
  constant -1/1024 (FCID, MICU) or by noise (DCID), in training and in evaluation mode; count and weight stay, so that the next update
  undoes it; in MICU only choices by audio and video (`reviving`) count as use.

Source: facts on FCID 1.4, on DCID 3.2, on MICU 4.1. Axes: B clips, T seconds, D code dimension, K codes, M streams.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cmg.quantizers.codebook import Codebook, Quantized
from cmg.quantizers.dead_codes import copy_active

SHIFT = -1 / 1024


class SequentialEMA(Codebook):
    """[K,D] codes shared by `streams`, updated in their order; reset_after, active_below, epsilon and reviving: see the head of this file.

    decay: gamma of both averages; own: weight of a stream's own vector, the rest is the mean of the others.
    """

    def __init__(
        self,
        codes: int,
        dim: int,
        streams: tuple[str, ...],
        decay: float = 0.99,
        own: float = 0.5,
        reset_after: int = 300,
        active_below: int = 100,
        epsilon: float = 1e-5,
        reviving: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(codes, dim, streams)
        self.reviving = [row for row, name in enumerate(streams) if name in (reviving or streams)]
        self.decay, self.own, self.epsilon = decay, own, epsilon
        self.reset_after, self.active_below = reset_after, active_below

    def forward(self, streams: Mapping[str, Tensor], uniform: Tensor, noise: Tensor | float = SHIFT) -> Quantized:
        """Quantise streams [B,T,D]; update the codes in training mode; count idle codes and reset dead ones in any mode.

        `uniform` [K] in [0,1) and `noise` [K,D]: see `Draws`.
        """
        with torch.autocast(self.embedding.device.type, enabled=False):
            streams = {name: streams[name].to(self.embedding.dtype) for name in self.streams}
            quantized = self.quantize(streams)
            if self.training:
                self.hits.add_(quantized.counts)
                for row in range(len(self.streams)):
                    self._update(row, streams, quantized)
            self._reset(quantized.counts, uniform, noise)
        return quantized

    @torch.no_grad()
    def _update(self, row: int, streams: Mapping[str, Tensor], quantized: Quantized) -> None:
        """One stream's update: its own assignments, its own vectors and those of the other streams at the same clip and second."""
        name, gamma, codes = self.streams[row], self.decay, self.embedding.shape[0]
        others = [x for other, x in streams.items() if other != name]
        mixed = self.own * streams[name] + (1 - self.own) / len(others) * sum(others)
        count = gamma * self.ema_count + (1 - gamma) * quantized.counts[row].to(self.ema_count.dtype)
        n = count.sum()
        self.ema_count.copy_((count + self.epsilon) / (n + codes * self.epsilon) * n)
        self.ema_weight.mul_(gamma).add_(self.weigh(mixed, quantized.indices[name]), alpha=1 - gamma)
        self.embedding.copy_(self.ema_weight / self.ema_count.unsqueeze(1))

    @torch.no_grad()
    def _reset(self, counts: Tensor, uniform: Tensor, noise: Tensor | float) -> None:
        idle = torch.where(sum(counts[row] for row in self.reviving) > 0, 0, self.unactivated_count + 1)
        self.embedding.copy_(copy_active(self.embedding, idle, uniform, noise, self.reset_after, self.active_below))
        self.unactivated_count.copy_(torch.where(idle > self.reset_after, 0, idle))
