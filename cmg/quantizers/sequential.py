"""The multimodal moving average of the released quantisers (FCID, DCID, MICU).

The streams update in turn, in the order of `streams`, so a step decays once per stream and the last weighs most.

Source: facts on FCID 1.4, on DCID 3.2, on MICU 4.1. Axes: B clips, T seconds, D code dimension, M streams.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cmg.quantizers.codebook import Quantized
from cmg.quantizers.shared import SharedEMA


class SequentialEMA(SharedEMA):
    """`SharedEMA` whose streams update in turn."""

    @torch.no_grad()
    def _update(self, streams: Mapping[str, Tensor], quantized: Quantized) -> None:
        gamma = self.decay
        for row, name in enumerate(self.streams):
            others = self._others(name, streams)
            mixed = self.own * streams[name] + (1 - self.own) / len(others) * sum(others)
            count = gamma * self.ema_count + (1 - gamma) * quantized.counts[row].to(self.ema_count.dtype)
            self._move(count, self.weigh(mixed, quantized.indices[name]))
