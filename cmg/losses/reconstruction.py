"""Reconstruction: mean squared error over all elements (FCID Eq. 18, first term). Any shape."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.checks import check_alike


def mse(x: Tensor, target: Tensor) -> Tensor:
    """Mean squared error in the precision of the target, at least float32; the target is not detached; x and target of
    one shape -> [].

    Raises ValueError where the shapes differ.
    """
    check_alike("reconstruction", x=x, target=target)
    with torch.autocast(x.device.type, enabled=False):
        dtype = torch.promote_types(target.dtype, torch.float32)
        return F.mse_loss(x.to(dtype), target.to(dtype))
