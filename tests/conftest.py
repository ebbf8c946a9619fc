"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# a worker per core: more threads would wait for each other (before torch is imported)
os.environ.setdefault("OMP_NUM_THREADS", "1")
settings.register_profile("any speed", deadline=None)  # a slow machine finds no fault by being slow
settings.load_profile("any speed")
REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def reference() -> Path:
    """Folder of reference annotations and golden arrays: `$CMG_SHARED`, default `../shared` beside the repository."""
    folder = Path(os.environ.get("CMG_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"reference folder {folder} is absent; set CMG_SHARED to where it is")
    return folder


@pytest.fixture
def float32_products():
    """What has a setting of its own for products of float32 (cuDNN's convolutions, its LSTMs, cuBLAS); set back
    afterwards."""
    import torch

    kinds = (torch.backends.cudnn.conv, torch.backends.cudnn.rnn, torch.backends.cuda.matmul)
    before = [products.fp32_precision for products in kinds]
    yield kinds
    for products, setting in zip(kinds, before, strict=True):
        products.fp32_precision = setting
