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
        torch.testing.assert_close(
            value.detach().to(expected[name].dtype), expected[name], **options, msg=lambda m, n=name: f"{n}: {m}"
        )


def accuracy_by_prediction(predictions: Tensor, targets: Tensor) -> Tensor:
    """CPC monitor of DCID and CoDAAR: targets choose by softmax, then every prediction takes its best target; last step
    of [R,B,D]."""
    shares = (targets[-1] @ predictions[-1].T).softmax(dim=1)
    return (shares.argmax(dim=0) == torch.arange(len(shares))).double().mean()


def accuracy_by_target(predictions: Tensor, targets: Tensor) -> Tensor:
    """CPC monitor of FCID: every target takes its best prediction; last step of [R,B,D]."""
    return ((targets[-1] @ predictions[-1].T).argmax(dim=1) == torch.arange(targets.shape[1])).double().mean()
