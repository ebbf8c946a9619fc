"""Sums of tensors."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor


def added(terms: Iterable[Tensor]) -> Tensor:
    """Their sum, in order. Raises ValueError where there is none."""
    total = sum(terms)
    if not isinstance(total, Tensor):
        raise ValueError("a sum of tensors: expected at least one, found none")
    return total
