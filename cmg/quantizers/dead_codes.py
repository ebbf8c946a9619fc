"""Which codes are dead and which live code each of them is copied from, without a loop and without waiting for the device.

Axes: K codes.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sources(active: Tensor, uniform: Tensor) -> Tensor:
    """For every code k the row floor(uniform_k * n) among the n active rows in ascending order: [K] bool, [K] in [0,1) -> [K] int64.

    Where no code is active, every code is its own source.
    """
    number = active.sum()
    order = torch.sort(~active, stable=True).indices  # active rows first, ascending
    position = (uniform.to(active.device) * number).long().clamp(max=active.shape[0] - 1)
    return torch.where(number > 0, order[position], torch.arange(active.shape[0], device=active.device))
