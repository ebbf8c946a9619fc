"""Numeric precisions of training: what is multiplied in which type.

| name     | weights, codebook, CLUB, losses | networks                                                              |
|----------|---------------------------------|-----------------------------------------------------------------------|
| float32  | float32                         | float32, on a GPU too                                                 |
| tf32     | float32                         | convolutions in TF32 (10-bit mantissa), all else float32; NVIDIA only |
| bfloat16 | float32                         | bfloat16 under autocast                                               |
| float64  | float64                         | float64, for comparison with released code                            |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import nn

from cmg.nn.convolve import lay_out

Precision = Literal["float32", "tf32", "bfloat16", "float64"]
DTYPES: dict[Precision, torch.dtype] = {
    "float32": torch.float32,
    "tf32": torch.float32,
    "bfloat16": torch.float32,
    "float64": torch.float64,
}
"""Of the weights."""


class UnsupportedPrecision(ValueError):
    """The device cannot compute in that precision."""


def check(precision: Precision, device: torch.device) -> None:
    """Raises:
    UnsupportedPrecision: `tf32` on a CPU, or on a GPU of compute capability below 8.0, where it would be float32 under
    another name.
    """
    if precision == "tf32" and (device.type != "cuda" or torch.cuda.get_device_capability(device) < (8, 0)):
        raise UnsupportedPrecision(
            f"precision: tf32 needs an NVIDIA GPU of compute capability 8.0, found {device}; use float32 or bfloat16"
        )


def ready(method: nn.Module, precision: Precision) -> None:
    """Weights in the type of a precision, and in the order in memory that is fastest; errors of `check`."""
    check(precision, next(method.parameters()).device)
    method.to(DTYPES[precision])
    lay_out(method)


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """The context of a forward pass."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


@contextmanager
def multiplying(
    precision: Precision,
    products: Any = torch.backends.cudnn.conv,  # type: ignore[attr-defined]  # the module puts an object in its own place
) -> Iterator[None]:
    """Within it these products (of cuDNN's convolutions, backward too) are in TF32 if that is the precision, else in
    full.

    `torch.backends.cudnn.allow_tf32` would turn cuDNN's LSTMs to TF32 as well, and torch raises where it meets both
    ways of setting it.
    """
    before = products.fp32_precision
    products.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        yield
    finally:
        products.fp32_precision = before
