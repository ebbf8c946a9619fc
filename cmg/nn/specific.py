"""Modality-specific encoders: what a modality does not share. Used in training only.

Axes: B clips, T seconds, N = B*T frames, H W 7x7 -> 3x3 positions, C channels, S channels of the specific map.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from cmg.nn.checks import check_option
from cmg.nn.convolve import convolve

Skip = Literal["input", "relu"]


class ResidualBlock(nn.Module):
    """[N,H,W,C]: z -> relu(skip(z) + conv1x1(relu(conv3x3(relu(z))))), channels kept.

    `skip="input"` adds z; `skip="relu"` adds relu(z), as the released code does because its first ReLU works in place.
    """

    def __init__(self, channels: int, skip: Skip = "input") -> None:
        check_option("skip", skip, Skip)
        super().__init__()
        self.skip = skip
        self.conv3 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv1 = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, z: Tensor) -> Tensor:
        """[N,channels,H,W] -> the same shape."""
        r = z.relu()
        branch = convolve(self.conv1, convolve(self.conv3, r).relu())
        return ((r if self.skip == "relu" else z) + branch).relu()


class VideoSpecific(nn.Module):
    """[B,T,7,7,C] -> map [B,T,3,3,S], non-negative: two 3x3 convolutions without padding, a 1x1, a residual block."""

    def __init__(self, channels: int = 512, width: int = 2048, skip: Skip = "input") -> None:
        super().__init__()
        self.conv_a = nn.Conv2d(channels, width // 2, 3)
        self.conv_b = nn.Conv2d(width // 2, width, 3)
        self.conv_c = nn.Conv2d(width, width, 1)
        self.residual = ResidualBlock(width, skip)

    def forward(self, video: Tensor) -> Tensor:
        """[B,T,7,7,C] -> [B,T,3,3,S]."""
        clips, seconds = video.shape[:2]
        x = convolve(self.conv_b, convolve(self.conv_a, video.flatten(0, 1)).relu()).relu()
        x = self.residual(convolve(self.conv_c, x))
        return x.reshape(clips, seconds, *x.shape[1:])


class MapProjection(nn.Module):
    """[B,T,3,3,S] -> [B,T,out]: mean over positions, Linear S->S/2, ReLU, Linear. The released CLUB feature of
    video."""

    def __init__(self, width: int = 2048, out: int = 512) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width // 2), nn.ReLU(), nn.Linear(width // 2, out))

    def forward(self, specific_map: Tensor) -> Tensor:
        """[B,T,3,3,S] -> [B,T,out]."""
        return self.layers(specific_map.mean(dim=(2, 3)))


class MapMean(nn.Module):
    """[B,T,3,3,S] -> [B,T,S]: mean over positions. What CLUB sees of video where it is what the decoder sees."""

    def forward(self, specific_map: Tensor) -> Tensor:
        """[B,T,3,3,S] -> [B,T,S]."""
        return specific_map.mean(dim=(2, 3))


class LinearReLU(nn.Module):
    """relu(Linear): the audio-specific encoder and all coarse general and specific encoders."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, dim)

    def forward(self, x: Tensor) -> Tensor:
        """[...,channels] -> [...,dim], non-negative."""
        return self.linear(x).relu()


class MLP(nn.Module):
    """Linear, ReLU, Linear, all of width `dim`: signed outputs, so that no loss can switch a feature off for good."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(channels, dim), nn.ReLU(), nn.Linear(dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        """[...,channels] -> [...,dim]."""
        return self.layers(x)


COARSE = {"mlp": MLP, "linear_relu": LinearReLU}
