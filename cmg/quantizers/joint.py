"""The codebook of `variant: paper`: one update per step from all streams together.

DCID's Eq. 7 adds the assignments of all modalities. The FCID paper names this average without defining it; that its
streams weigh the same is a stated choice (docs/methods/fcid.md). Count and weight decay alike, so an unused code keeps
its place where counts are not smoothed.

Axes: B clips, T seconds, D code dimension, M streams.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cmg.quantizers.codebook import Quantized
from cmg.quantizers.shared import SharedEMA


class JointEMA(SharedEMA):
    """`SharedEMA` whose streams add up."""

    @torch.no_grad()
    def _update(self, streams: Mapping[str, Tensor], quantized: Quantized) -> None:
        counts = quantized.counts.sum(dim=0).to(self.embedding.dtype)
        weight = torch.zeros_like(self.ema_weight)
        for name, x in streams.items():
            others = self._others(name, streams)
            mixed = self.own * x + (1 - self.own) * (sum(others) / len(others))
            weight += self.weigh(mixed, quantized.indices[name])
        self._move(self.ema_count.mul(self.decay).add(counts, alpha=1 - self.decay), weight)
