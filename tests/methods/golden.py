"""Reference arrays made by the released code."""

from pathlib import Path

import numpy as np
import pytest
import torch


def load(reference: Path, name: str) -> dict:
    """Arrays of golden/fcid/<name>.npz as tensors, text arrays as lists; skips the test where the file is absent."""
    path = reference / "golden" / "fcid" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"reference file golden/fcid/{name}.npz is absent")
    with np.load(path, allow_pickle=False) as arrays:
        return {
            k: torch.from_numpy(arrays[k]) if arrays[k].dtype.kind in "fiub" else arrays[k].tolist()
            for k in arrays.files
        }
