"""Decoders: code and modality-specific features -> reconstruction. Used in training only.

Axes: B clips, T seconds, N = B*T frames, H W positions, C channels, D code dimension, S channels of the specific map.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cmg.nn.specific import ResidualBlock, Skip


class VectorDecoder(nn.Module):
    """concat(Linear (code), specific) -> Linear -> [..., out]."""

    def __init__(self, code: int, specific: int, out: int, dim: int = 256) -> None:
        super().__init__()
        self.code = nn.Linear(code, dim)
        self.out = nn.Linear(dim + specific, out)

    def forward(self, code: Tensor, specific: Tensor) -> Tensor:
        return self.out(torch.cat([self.code(code), specific], dim=-1))


class VideoDecoder(nn.Module):
    """Code [B,T,D] and specific map [B,T,3,3,S] -> [B,T,7,7,C].

    Linear on the code, copied to the 3x3 positions, before the map; transposed 3x3 to S/2 (3->5), residual block,
    transposed 3x3 to `hidden` (5->7), ReLU, transposed 1x1 to C. The release has hidden = C = 512.
    """

    def __init__(self, code: int, width: int = 2048, channels: int = 512, hidden: int = 512, dim: int = 256, skip: Skip = "input") -> None:
        super().__init__()
        self.code = nn.Linear(code, dim)
        self.up_a = nn.ConvTranspose2d(dim + width, width // 2, 3)
        self.residual = ResidualBlock(width // 2, skip)
        self.up_b = nn.ConvTranspose2d(width // 2, hidden, 3)
        self.up_c = nn.ConvTranspose2d(hidden, channels, 1)

    def forward(self, code: Tensor, specific_map: Tensor) -> Tensor:
        clips, seconds, height, width = specific_map.shape[:4]
        spread = self.code(code)[:, :, None, None].expand(-1, -1, height, width, -1)
        x = torch.cat([spread, specific_map], dim=-1).flatten(0, 1).permute(0, 3, 1, 2)
        x = self.up_b(self.residual(self.up_a(x))).relu()
        x = self.up_c(x).permute(0, 2, 3, 1)
        return x.reshape(clips, seconds, *x.shape[1:])
