"""Convolutions between a picture and a coarser grid of vectors: encoder and decoder of the VQ-VAE (van den Oord et al.
2017, 4.1).

Each halving of the size is a convolution of window 4 and stride 2, each doubling a transposed one; two residual blocks
stand on the coarse grid. All layers have `hidden` channels, but for the narrow middle of a residual block.

Axes: B pictures, S pixels a side, s = S / 2^halvings places a side, D code dimension.
"""

from __future__ import annotations

from torch import Tensor, nn

BLOCKS = 2


class Residual(nn.Module):
    """[B,hidden,s,s]: x + conv1x1(relu(conv3x3(relu(x)))), with `narrow` channels between."""

    def __init__(self, hidden: int, narrow: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(), nn.Conv2d(hidden, narrow, 3, padding=1), nn.ReLU(), nn.Conv2d(narrow, hidden, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B,hidden,s,s] -> the same shape."""
        return x + self.layers(x)


class PictureEncoder(nn.Sequential):
    """Picture [B,3,S,S] -> vectors [B,D,s,s]."""

    def __init__(self, dim: int, hidden: int, narrow: int, halvings: int) -> None:
        widths = [3] + [hidden] * halvings
        down = [layer for n in range(halvings) for layer in (nn.ReLU(), nn.Conv2d(widths[n], hidden, 4, 2, 1))]
        blocks = [Residual(hidden, narrow) for _ in range(BLOCKS)]
        super().__init__(*down[1:], *blocks, nn.ReLU(), nn.Conv2d(hidden, dim, 1))


class PictureDecoder(nn.Sequential):
    """Vectors [B,D,s,s] -> picture [B,3,S,S]."""

    def __init__(self, dim: int, hidden: int, narrow: int, halvings: int) -> None:
        widths = [hidden] * halvings + [3]
        blocks = [Residual(hidden, narrow) for _ in range(BLOCKS)]
        up = [
            layer for n in range(halvings) for layer in (nn.ReLU(), nn.ConvTranspose2d(hidden, widths[n + 1], 4, 2, 1))
        ]
        super().__init__(nn.Conv2d(dim, hidden, 3, padding=1), *blocks, *up)
