"""Convolutions as matrix products against the kernels of torch: values and gradients."""

import pytest
import torch
from torch import nn

from cmg.nn import convolve as module
from cmg.nn.convolve import convolve, lay_out, overlaps, windows

LAYERS = {
    "valid": (nn.Conv2d(6, 5, 3), 7),
    "padded": (nn.Conv2d(6, 6, 3, padding=1, bias=False), 3),
    "pointwise": (nn.Conv2d(6, 4, 1), 3),
    "transposed": (nn.ConvTranspose2d(6, 5, 3), 3),
    "transposed without bias": (nn.ConvTranspose2d(6, 5, 3, bias=False), 5),
    "transposed pointwise": (nn.ConvTranspose2d(6, 4, 1), 7),
}


def _gradients(apply, layer, x):
    x = x.clone().requires_grad_()
    layer.zero_grad()
    y = apply(x)
    (y * torch.arange(y.numel(), dtype=y.dtype).reshape(y.shape).sin()).sum().backward()
    return [y.detach(), x.grad, *(p.grad for p in layer.parameters())]


@pytest.mark.parametrize("name", LAYERS)
def test_values_and_gradients_are_those_of_the_kernel(name, monkeypatch):
    monkeypatch.setattr(module, "WIDE", 1)
    layer, side = LAYERS[name]
    layer.double()
    x = torch.randn(3, side, side, 6, dtype=torch.float64)
    ours = _gradients(lambda x: convolve(layer, x), layer, x)
    kernel = _gradients(lambda x: layer(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1), layer, x)
    for a, b in zip(ours, kernel, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_wide_layers_are_products_and_narrow_ones_kernels(monkeypatch):
    called = []
    monkeypatch.setattr(module, "_windowed", lambda layer, x: called.append(layer) or x)
    narrow, wide = nn.Conv2d(module.WIDE, module.WIDE - 1, 3), nn.Conv2d(module.WIDE, module.WIDE, 3)
    for layer in (narrow, wide):
        convolve(layer, torch.zeros(1, 3, 3, module.WIDE))
    assert called == [wide]


def test_overlaps_is_the_transpose_of_windows():
    x, y = torch.randn(2, 5, 6, 3, dtype=torch.float64), torch.randn(2, 3, 4, 27, dtype=torch.float64)
    torch.testing.assert_close((windows(x, 3) * y).sum(), (x * overlaps(y, 3)).sum())


def test_autocast_multiplies_in_bfloat16(monkeypatch):
    monkeypatch.setattr(module, "WIDE", 1)
    layer, x = nn.Conv2d(6, 5, 3), torch.randn(2, 5, 5, 6)
    with torch.autocast("cpu", torch.bfloat16):
        y = convolve(layer, x)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), convolve(layer, x), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("name", ["valid", "padded", "transposed"])
def test_laid_out_weights_are_the_same_and_multiplied_without_a_copy(name, monkeypatch):
    monkeypatch.setattr(module, "WIDE", 1)
    layer, side = LAYERS[name]
    layer.double()
    x = torch.randn(3, side, side, 6, dtype=torch.float64)
    before, weight = convolve(layer, x), layer.weight.detach().clone()
    lay_out(layer)
    assert torch.equal(layer.weight, weight) and torch.equal(convolve(layer, x), before)
    order = (2, 3, 1, 0) if "transposed" in name else (0, 2, 3, 1)
    assert layer.weight.permute(order).is_contiguous()


def test_kernels_of_another_device_get_their_weights_channels_last(monkeypatch):
    """The `meta` device stands for a GPU."""
    layer = nn.Conv2d(module.WIDE, module.WIDE, 3, device="meta")
    lay_out(layer)
    assert layer.weight.is_contiguous(memory_format=torch.channels_last) and layer.weight.shape == (
        module.WIDE,
        module.WIDE,
        3,
        3,
    )
    monkeypatch.setattr(module, "PRODUCTS", ("meta",))
    lay_out(layer)
    assert layer.weight.permute(0, 2, 3, 1).is_contiguous()
