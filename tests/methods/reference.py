"""Arrays made by the released code, as tensors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

EXACT = {"rtol": 1e-10, "atol": 1e-12}
SINGLE = {"rtol": 1e-6, "atol": 1e-7}  # where the reference stores float32


def load(folder: Path, name: str) -> dict[str, Tensor]:
    """Arrays of one file, floats widened to float64; strings left out. Skips where the file is absent."""
    path = folder / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"reference file {folder.name}/{name}.npz is absent")
    with np.load(path, allow_pickle=False) as arrays:
        found = {key: torch.from_numpy(arrays[key]) for key in arrays.files if arrays[key].dtype.kind in "fiub"}
    return {key: value.double() if value.is_floating_point() else value for key, value in found.items()}


def under(arrays: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The arrays whose name begins with `prefix`, without it."""
    return {key[len(prefix) :]: value for key, value in arrays.items() if key.startswith(prefix)}


def close(found: dict[str, Tensor], expected: dict[str, Tensor], **tolerance: float) -> None:
    """Every array of `found` equals the one of the same name in `expected`; 1e-10 relative unless told."""
    for name, value in found.items():
        options = EXACT | tolerance
        torch.testing.assert_close(value.detach().to(expected[name].dtype), expected[name], **options, msg=lambda m, n=name: f"{n}: {m}")
