"""Fixtures of the store's tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's store goes."""
    return tmp_path / "features" / "video.zarr"


@pytest.fixture(autouse=True)
def flushed(monkeypatch) -> set[int]:
    """Inodes that were flushed to disk; the flush itself is left out, since only a power cut could tell and waiting
    takes time."""
    inodes: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda descriptor: inodes.add(os.fstat(descriptor).st_ino))
    return inodes
