"""Batch normalisation whose statistics are those of the global batch. Axes: N maps, C channels, H W positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cmg.nn.distributed import summed, world


class BatchNorm2d(nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d`; of several processes all normalise as one would, forward, backward and in the running
    statistics.

    torch's `SyncBatchNorm` does the same on GPUs alone. Every process has the same number of maps.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def forward(self, x: Tensor) -> Tensor:
        """[N,C,H,W] -> [N,C,H,W] in the type of x; statistics are taken in the type of the weights."""
        processes = world()[1]
        if processes == 1 or not self.training:
            return super().forward(x)
        values, count = x.to(self.weight.dtype), processes * x.numel() // x.shape[1]
        mean = summed(values.sum(dim=(0, 2, 3))) / count
        centred = values - mean[:, None, None]
        variance = summed(centred.square().sum(dim=(0, 2, 3))) / count
        self._follow(mean, variance * (count / (count - 1)))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
