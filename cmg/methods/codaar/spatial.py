"""CoDAAR's video projection P_v: the gated 7x7 map through two convolutions. Used in training only.

Axes: B clips, T seconds, N = B*T frames, H W 7x7 -> 3x3 positions, C channels, S channels of the map.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from cmg.methods.codaar.batchnorm import BatchNorm2d
from cmg.nn.checks import check_option
from cmg.nn.convolve import convolve

Norm = Literal["none", "batch"]


class SpatialStack(nn.Module):
    """[B,T,7,7,C] -> [B,T,3,3,S], non-negative: twice a 3x3 convolution without padding (C -> S/2 -> S), normalisation,
    ReLU.

    `norm="batch"` is batch normalisation over frames and positions, as released, the statistics over the global batch.
    """

    def __init__(self, channels: int = 512, width: int = 2048, norm: Norm = "none") -> None:
        check_option("norm", norm, Norm)
        super().__init__()
        self.conv_a = nn.Conv2d(channels, width // 2, 3)
        self.conv_b = nn.Conv2d(width // 2, width, 3)
        self.norm_a, self.norm_b = (BatchNorm2d(c) if norm == "batch" else nn.Identity() for c in (width // 2, width))

    def forward(self, video: Tensor) -> Tensor:
        """[B,T,7,7,C] -> [B,T,3,3,S]."""
        clips, seconds = video.shape[:2]
        x = video.flatten(0, 1)
        for conv, norm in ((self.conv_a, self.norm_a), (self.conv_b, self.norm_b)):
            x = norm(convolve(conv, x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).relu()
        return x.reshape(clips, seconds, *x.shape[1:])
