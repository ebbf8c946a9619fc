"""Which codes are dead and which live code each is copied from, without a loop and without waiting for the device.

Axes: K codes.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sources(active: Tensor, uniform: Tensor) -> Tensor:
    """For every code k the row floor(uniform_k * n) among the n active rows in ascending order.

    [K] bool, [K] in [0,1) -> [K] int64. Where no code is active, every code is its own source.
    """
    number = active.sum()
    order = torch.sort(~active, stable=True).indices  # active rows first, ascending
    position = (uniform.to(active.device) * number).long().clamp(max=active.shape[0] - 1)
    return torch.where(number > 0, order[position], torch.arange(active.shape[0], device=active.device))


def copy_active(
    table: Tensor, idle: Tensor, uniform: Tensor, shift: Tensor | float, reset_after: int, active_below: int
) -> Tensor:
    """The released reset: codes idle for over `reset_after` steps become one idle under `active_below`, plus `shift`.

    `table` [K,D]; `idle` [K]; `uniform` [K]: see `sources`; `shift`: a number or [K,D]. Returns the new table.
    """
    active = (idle >= 0) & (idle < active_below)
    revived = (idle > reset_after) & active.any()
    copies = table[sources(active, uniform)] + (shift.to(table) if isinstance(shift, Tensor) else shift)
    return torch.where(revived.unsqueeze(1), copies, table)
