"""The codebook of `variant: paper`: one update per step from all streams together.

The paper names the multimodal moving average without defining it; this is a stated choice (docs/methods.md): every stream weighs the
same, and count and weight decay alike and are not smoothed, so an unused code keeps its place instead of drifting to the origin.

Axes: B clips, T seconds, D code dimension, K codes, M streams.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cmg.quantizers.codebook import Quantized
from cmg.quantizers.shared import SharedEMA

FLOOR = 1e-30  # smallest count that weights are divided by


class JointEMA(SharedEMA):
    """`SharedEMA` whose streams add up. A code whose count is too small to divide by keeps its place."""

    @torch.no_grad()
    def _update(self, streams: Mapping[str, Tensor], quantized: Quantized) -> None:
        counts = quantized.counts.sum(dim=0).to(self.embedding.dtype)
        weight = torch.zeros_like(self.ema_weight)
        for name, x in streams.items():
            others = self._others(name, streams)
            mixed = self.own * x + (1 - self.own) * (sum(others) / len(others))
            weight += self.weigh(mixed, quantized.indices[name])
        self.ema_count.mul_(self.decay).add_(counts, alpha=1 - self.decay)
        self.ema_weight.mul_(self.decay).add_(weight, alpha=1 - self.decay)
        known = (self.ema_count > FLOOR).unsqueeze(1)
        self.embedding.copy_(torch.where(known, self.ema_weight / self.ema_count.unsqueeze(1), self.embedding))
