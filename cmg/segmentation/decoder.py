"""From a pyramid of four feature maps and a query to mask logits, as AVSBench's and CoDAAR's segmentation has it.

Axes: B clips, T seconds, N = B*T frames, S pixels a side, Q query dimension. Source: facts on CoDAAR, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from cmg.segmentation.attention import QueryAttention

DILATIONS = (3, 6, 12, 18)
CHANNELS = 256
START_DEVIATION = 0.01  # of the dilated convolutions' weights


class DilatedSum(nn.Module):
    """[N,in,H,W] -> [N,256,H,W]: the sum of four dilated 3x3 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        convs = [nn.Conv2d(channels, CHANNELS, 3, padding=d, dilation=d) for d in DILATIONS]
        for conv in convs:
            nn.init.normal_(conv.weight, std=START_DEVIATION)
        self.convs = nn.ModuleList(convs)

    def forward(self, x: Tensor) -> Tensor:
        """The sum over the convolutions."""
        return sum((conv(x) for conv in self.convs[1:]), self.convs[0](x))


class ResidualUnit(nn.Module):
    """relu(x) + conv(relu(conv(relu(x)))): the first ReLU of the release works in place, so it is on the skip path
    too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv_a, self.conv_b = (nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """[N,256,H,W] -> the same."""
        x = x.relu()
        return x + self.conv_b(self.conv_a(x).relu())


class Fusion(nn.Module):
    """The coarser path, with the map of this stage added where there is a coarser one, refined and twice as large."""

    def __init__(self, coarsest: bool) -> None:
        super().__init__()
        self.enter = None if coarsest else ResidualUnit()
        self.refine = ResidualUnit()

    def forward(self, x: Tensor, coarser: Tensor | None) -> Tensor:
        """[N,256,H,W] -> [N,256,2H,2W]."""
        merged = x if self.enter is None else coarser + self.enter(x)
        return F.interpolate(self.refine(merged), scale_factor=2, mode="bilinear", align_corners=True)


class MaskDecoder(nn.Module):
    """Maps of four stages, finest first (strides 4, 8, 16, 32), and a query [B,T,Q] -> logits [B,T,S,S]."""

    def __init__(self, widths: Sequence[int], query: int) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(DilatedSum(width) for width in widths)
        self.attend = nn.ModuleList(QueryAttention(query, CHANNELS) for _ in widths)
        self.fuse = nn.ModuleList(Fusion(coarsest=stage == len(widths) - 1) for stage in range(len(widths)))
        self.enter, self.inner, self.out = (
            nn.Conv2d(CHANNELS, 128, 3, padding=1),
            nn.Conv2d(128, 32, 3, padding=1),
            nn.Conv2d(32, 1, 1),
        )

    def maps(self, pyramid: Sequence[Tensor], query: Tensor) -> list[Tensor]:
        """Per stage [N,256,H,W] that has seen the query."""
        return [a(r(x), query) for a, r, x in zip(self.attend, self.reduce, pyramid, strict=True)]

    def forward(self, pyramid: Sequence[Tensor], query: Tensor) -> Tensor:
        """Logits; above zero: of the object that the query asks for."""
        path = None
        for fuse, x in zip(reversed(self.fuse), reversed(self.maps(pyramid, query)), strict=True):
            path = fuse(x, path)
        x = F.interpolate(self.enter(path), scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(self.inner(x).relu())[:, 0].unflatten(0, query.shape[:2])


class PyramidSegmenter(nn.Module):
    """A backbone with four maps and the decoder on them: frames [B,T,3,S,S] and queries [B,T,Q] -> logits [B,T,S,S]."""

    whole_clips = True  # whether a frame's answer depends on the other frames of its clip

    def __init__(self, backbone: Any, query: int) -> None:
        """backbone: a module with the channels of its maps as `widths`."""
        super().__init__()
        self.backbone, self.decoder = backbone, MaskDecoder(backbone.widths, query)

    def forward(self, frames: Tensor, query: Tensor) -> Tensor:
        """Logits; above zero: of the object that the query asks for."""
        return self.decoder(self.backbone(frames.flatten(0, 1)), query)
