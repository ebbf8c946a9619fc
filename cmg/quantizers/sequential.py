"""The multimodal moving average of the released quantisers (FCID, DCID, MICU).

- the streams update one after another, in the order of `streams`, so a step decays once per stream and the last weighs most;
- counts are smoothed (`EPSILON`) in each of these updates, which drags unused codes to the origin.

Source: facts on FCID 1.4, on DCID 3.2, on MICU 4.1. Axes: B clips, T seconds, D code dimension, K codes, M streams.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cmg.quantizers.codebook import Quantized
from cmg.quantizers.shared import SharedEMA

EPSILON = 1e-5


class SequentialEMA(SharedEMA):
    """`SharedEMA` whose streams update in turn."""

    @torch.no_grad()
    def _update(self, streams: Mapping[str, Tensor], quantized: Quantized) -> None:
        gamma, codes = self.decay, self.embedding.shape[0]
        for row, name in enumerate(self.streams):
            others = self._others(name, streams)
            mixed = self.own * streams[name] + (1 - self.own) / len(others) * sum(others)
            count = gamma * self.ema_count + (1 - gamma) * quantized.counts[row].to(self.ema_count.dtype)
            n = count.sum()
            self.ema_count.copy_((count + EPSILON) / (n + codes * EPSILON) * n)
            self.ema_weight.mul_(gamma).add_(self.weigh(mixed, quantized.indices[name]), alpha=1 - gamma)
            self.embedding.copy_(self.ema_weight / self.ema_count.unsqueeze(1))
