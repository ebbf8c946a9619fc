"""Sums of tensors."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def added(terms: Iterable[Tensor]) -> Tensor:
    """Their sum, in order; of none at all a zero."""
    total = sum(terms)
    return total if isinstance(total, Tensor) else torch.zeros(())
