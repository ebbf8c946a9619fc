"""Convolutions of small maps as matrix products.

On a CPU the convolution kernels reach a fraction of the matrix rate on 7x7, 5x5 and 3x3 maps (docs/training.md has both
measured). So a convolution gathers the window of every output position and multiplies once; a transposed one multiplies
once and adds every window in its place. The sums are the same, in another order. Narrow layers and other devices keep
the kernels, which want the channels last.

Axes: N maps, H W positions, h w positions of the other side, K side of the window, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDE = 256  # channels from which the product is faster than the kernel
PRODUCTS = ("cpu",)  # devices on which it is
_WINDOWED = (0, 2, 3, 1)  # weight [out,in,K,K] -> [out,K,K,in]
_TRANSPOSED = (2, 3, 1, 0)  # weight [in,out,K,K] -> [K,K,out,in]

Layer = nn.Conv2d | nn.ConvTranspose2d


def convolve(layer: Layer, x: Tensor) -> Tensor:
    """`layer` (stride 1, square window; a transposed one without padding) applied to [N,H,W,C]; the result is
    [N,h,w,channels]."""
    if not _multiplied(layer):
        return layer(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    if layer.kernel_size == (1, 1):
        return _pointwise(layer, x)
    x = _autocast(x)
    return _transposed(layer, x) if isinstance(layer, nn.ConvTranspose2d) else _windowed(layer, x)


def lay_out(module: nn.Module) -> None:
    """Keep the weights of convolutions in the order in which they are read, so that none is copied in a step: those of
    products as they are multiplied, those of kernels on a GPU channels last. Values, names and shapes stay.
    """
    for layer in module.modules():
        if not isinstance(layer, Layer):
            continue
        if _multiplied(layer):
            order = _TRANSPOSED if isinstance(layer, nn.ConvTranspose2d) else _WINDOWED
            back = [order.index(axis) for axis in range(4)]
            layer.weight.data = layer.weight.data.permute(order).contiguous().permute(back)
        elif layer.weight.device.type != "cpu":
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)


def _multiplied(layer: Layer) -> bool:
    return layer.weight.device.type in PRODUCTS and min(layer.in_channels, layer.out_channels) >= WIDE


def _pointwise(layer: Layer, x: Tensor) -> Tensor:
    weight = layer.weight[:, :, 0, 0]
    return F.linear(x, weight.T if isinstance(layer, nn.ConvTranspose2d) else weight, layer.bias)


def _windowed(layer: nn.Conv2d, x: Tensor) -> Tensor:
    side, padding = layer.kernel_size[0], int(layer.padding[0])
    padded = F.pad(x, (0, 0, padding, padding, padding, padding)) if padding else x
    return F.linear(_Windows.apply(padded, side), layer.weight.permute(_WINDOWED).flatten(1), layer.bias)


def _transposed(layer: nn.ConvTranspose2d, x: Tensor) -> Tensor:
    products = F.linear(x, layer.weight.permute(_TRANSPOSED).flatten(0, 2))
    summed = _Overlaps.apply(products, layer.kernel_size[0])
    return summed if layer.bias is None else summed + layer.bias.to(summed.dtype)


def _autocast(x: Tensor) -> Tensor:
    """`x` in the type that autocast multiplies in, so that what is copied is not larger than what is multiplied."""
    wanted = torch.is_autocast_enabled(x.device.type) and x.dtype == torch.float32
    return x.to(torch.get_autocast_dtype(x.device.type)) if wanted else x


def windows(x: Tensor, side: int) -> Tensor:
    """The window of every position that has a whole one: [N,H,W,C] -> [N,H-K+1,W-K+1,K*K*C]."""
    height, width = x.shape[1] - side + 1, x.shape[2] - side + 1
    return torch.cat([x[:, i : i + height, j : j + width] for i in range(side) for j in range(side)], dim=-1)


def overlaps(y: Tensor, side: int) -> Tensor:
    """Windows added up where they overlap, the transpose of `windows`: [N,h,w,K*K*C] -> [N,h+K-1,w+K-1,C]."""
    maps, height, width = y.shape[:3]
    total = y.new_zeros(maps, height + side - 1, width + side - 1, y.shape[3] // side**2)
    for place, part in enumerate(y.chunk(side**2, dim=-1)):
        i, j = divmod(place, side)
        total[:, i : i + height, j : j + width] += part
    return total


class _Windows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, side: int) -> Tensor:
        ctx.side = side
        return windows(x, side)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return overlaps(gradient, ctx.side), None


class _Overlaps(torch.autograd.Function):
    @staticmethod
    def forward(ctx, y: Tensor, side: int) -> Tensor:
        ctx.side = side
        return overlaps(y, side)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return windows(gradient, ctx.side), None
