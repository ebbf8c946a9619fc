"""A small segmentation network for CPUs: convolutions whose channels the query scales and shifts (FiLM; Perez et al.
2018).

Axes: N frames, S pixels a side (a multiple of 8), C channels, Q query dimension.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (16, 32, 64)


class Block(nn.Module):
    """3x3 convolution, batch normalisation, the query's scale and shift per channel, ReLU."""

    def __init__(self, channels: int, width: int, query: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.norm, self.film = nn.BatchNorm2d(width), nn.Linear(query, 2 * width)

    def forward(self, x: Tensor, query: Tensor) -> Tensor:
        """[N,C,H,W] and [N,Q] -> [N,width,H/stride,W/stride]."""
        scale, shift = self.film(query)[:, :, None, None].chunk(2, dim=1)
        return (self.norm(self.conv(x)) * (1 + scale) + shift).relu()


class FilmNet(nn.Module):
    """Frames [B,T,3,S,S] and queries [B,T,Q] -> logits [B,T,S,S]; every second by itself."""

    whole_clips = False  # whether a frame's answer depends on the other frames of its clip

    def __init__(self, query: int) -> None:
        super().__init__()
        inputs = (3, *WIDTHS)
        self.down = nn.ModuleList(Block(a, b, query, stride=2) for a, b in zip(inputs, WIDTHS, strict=False))
        self.deep = Block(WIDTHS[2], WIDTHS[2], query)
        self.up = nn.ModuleList(Block(a + b, b, query) for a, b in ((WIDTHS[2], WIDTHS[1]), (WIDTHS[1], WIDTHS[0])))
        self.out = nn.Conv2d(WIDTHS[0], 1, 3, padding=1)

    def forward(self, frames: Tensor, query: Tensor) -> Tensor:
        """Logits; above zero: of the object that the query asks for."""
        x, asked, passed = frames.flatten(0, 1), query.flatten(0, 1), []
        for block in self.down:
            x = block(x, asked)
            passed.append(x)
        x = self.deep(x, asked)
        for block, skip in zip(self.up, passed[-2::-1], strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skip], dim=1), asked)
        logits = F.interpolate(self.out(x), scale_factor=2, mode="bilinear", align_corners=False)
        return logits[:, 0].unflatten(0, query.shape[:2])
