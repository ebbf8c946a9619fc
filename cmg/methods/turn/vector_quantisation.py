"""The loss of a codebook that is trained by gradient (VQ-VAE; TURN). Any shape, mean over all elements."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from cmg.losses.commitment import commitment


def vector_quantisation(x: Tensor, code: Tensor, beta: float) -> Tensor:
    """MSE(stop(x), code) + beta MSE(x, stop(code)): the first moves the codes, the second the features."""
    return F.mse_loss(code, x.detach()) + beta * commitment(x, code)
