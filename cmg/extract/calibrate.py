"""Seeded random weights that keep the scale of their input: each layer gives zero mean and unit variance on calibration examples.

Untrained networks let every input look alike after a few layers; scaled this way their features tell inputs apart. The examples come
from the seed alone, so the weights do not depend on any corpus. Draws are NumPy's, sums are float64 and factors are rounded, so that
the same seed gives the same bytes on other machines.
"""

import numpy as np
import torch
from torch import nn

DIGITS = 4  # significant decimal digits kept of each factor


def fill_normal(layer: nn.Conv2d | nn.Linear, generator: np.random.Generator) -> None:
    """He-normal weights (variance 2 / fan-in), zero bias."""
    fan_in = layer.weight[0].numel()
    draws = generator.standard_normal(tuple(layer.weight.shape)) * (2.0 / fan_in) ** 0.5
    layer.weight.data = torch.from_numpy(draws.astype(np.float32))
    layer.bias.data = torch.zeros(len(layer.bias))


def calibrate(layer: nn.Conv2d | nn.Linear, inputs: torch.Tensor) -> torch.Tensor:
    """Scale and shift `layer` in place so that its outputs on `inputs` have zero mean and unit variance per channel.

    inputs: float64 `[n, channels, ...]`. Returns the calibrated outputs, float64, before any activation.
    """
    outputs = layer.to(torch.float64)(inputs)
    flat = outputs.movedim(1, -1).flatten(0, -2)
    scale = _rounded(1.0 / flat.std(dim=0).clamp_min(1e-3))
    shift = _rounded(-flat.mean(dim=0) * scale)
    layer.weight.data *= scale[:, *[None] * (layer.weight.ndim - 1)]
    layer.bias.data = layer.bias.data * scale + shift
    layer.to(torch.float32)
    spread = (slice(None), *[None] * (outputs.ndim - 2))
    return outputs.mul_(scale[spread]).add_(shift[spread])


def _rounded(values: torch.Tensor) -> torch.Tensor:
    """To DIGITS significant digits."""
    array = values.detach().numpy()
    exponent = DIGITS - 1 - np.floor(np.log10(np.maximum(np.abs(array), 1e-12)))
    return torch.from_numpy(np.round(array * 10.0**exponent) / 10.0**exponent)


def block_images(count: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """Colour images of blocks at several scales: uint8 `[count, size, size, 3]`, from integer draws only. size: a multiple of 32."""
    total = np.zeros((count, size, size, 3), np.int64)
    cells = (2, 4, 8, size // 8, size // 4, size)
    for cell in cells:
        coarse = generator.integers(0, 256, (count, cell, cell, 3))
        index = np.arange(size) * cell // size
        total += coarse[:, index][:, :, index]
    spread = (total - 127 * len(cells)) * 2 // len(cells) + 127
    return np.clip(spread, 0, 255).astype(np.uint8)
