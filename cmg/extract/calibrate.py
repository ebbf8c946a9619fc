"""Seeded random weights that keep what their input says: layer outputs get a stated mean and unit variance on
calibration examples.

In a deep untrained network every input soon looks alike: each ReLU throws half of the signal away and each 3x3 kernel
blurs it. Two things help, and both are stated per layer: `OPEN` layers have a mean of three standard deviations before
their ReLU, which then passes nearly all of the signal, and kernels can be narrowed to their centre. The examples come
from the seed alone, so the weights do not depend on any corpus. Draws are NumPy's, sums are float64 and factors are
rounded: the same seed gives the same bytes elsewhere.
"""

import numpy as np
import torch
from torch import nn

DIGITS = 4  # significant decimal digits kept of each factor
OPEN = 3.0  # mean before the ReLU, in standard deviations, of a layer that passes its input on
# weight of the other taps of a 3x3 kernel beside its centre, in a layer that mixes channels and hardly blurs
NARROW = 0.05


def fill_normal(layer: nn.Conv2d | nn.Linear, generator: np.random.Generator, spread: float = 1.0) -> None:
    """Normal weights (variance 2 / fan-in), zero bias. spread: factor on every tap of a kernel but the centre."""
    fan_in = layer.weight[0].numel()
    draws = generator.standard_normal(tuple(layer.weight.shape)) * (2.0 / fan_in) ** 0.5
    if draws.ndim == 4:
        taps = np.full(draws.shape[2:], spread)
        taps[taps.shape[0] // 2, taps.shape[1] // 2] = 1.0
        draws *= taps
    layer.weight.data = torch.from_numpy(draws.astype(np.float32))
    bias = _bias(layer)
    bias.data = torch.zeros(len(bias))


def calibrate(layer: nn.Conv2d | nn.Linear, inputs: torch.Tensor, mean: float = 0.0) -> torch.Tensor:
    """Scale and shift `layer` in place so that its outputs on `inputs` have this mean and unit variance per channel.

    inputs: float64 `[n, channels, ...]`. Returns the calibrated outputs, float64, before any activation.
    """
    outputs = layer.to(torch.float64)(inputs)
    flat = outputs.movedim(1, -1).flatten(0, -2)
    scale = _rounded(1.0 / flat.std(dim=0).clamp_min(1e-3))
    shift = _rounded(mean - flat.mean(dim=0) * scale)
    layer.weight.data *= scale[:, *[None] * (layer.weight.ndim - 1)]
    bias = _bias(layer)
    bias.data = bias.data * scale + shift
    layer.to(torch.float32)
    spread = (slice(None), *[None] * (outputs.ndim - 2))
    return outputs.mul_(scale[spread]).add_(shift[spread])


def _bias(layer: nn.Conv2d | nn.Linear) -> torch.Tensor:
    if layer.bias is None:
        raise ValueError(f"expected a layer with a bias, found {layer}")
    return layer.bias


def _rounded(values: torch.Tensor) -> torch.Tensor:
    """To DIGITS significant digits."""
    array = values.detach().numpy()
    exponent = DIGITS - 1 - np.floor(np.log10(np.maximum(np.abs(array), 1e-12)))
    return torch.from_numpy(np.round(array * 10.0**exponent) / 10.0**exponent)


def block_images(count: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """Colour images of blocks at several scales: uint8 `[count, size, size, 3]`, from integer draws only. size: a
    multiple of 32."""
    total = np.zeros((count, size, size, 3), np.int64)
    cells = (2, 4, 8, size // 8, size // 4, size)
    for cell in cells:
        coarse = generator.integers(0, 256, (count, cell, cell, 3))
        index = np.arange(size) * cell // size
        total += coarse[:, index][:, :, index]
    spread = (total - 127 * len(cells)) * 2 // len(cells) + 127
    return np.clip(spread, 0, 255).astype(np.uint8)
