"""Helpers of the dataset tests: small roots in the official layouts, and the real annotation files where they are at
hand."""

import shutil
from pathlib import Path

import pytest

from cmg.datasets.listing import scan
from cmg.datasets.readers import index_dataset


@pytest.fixture
def make_root(tmp_path):
    """make_root({path: text}) -> root folder with these files."""

    def make(files: dict[str, str | bytes], name: str = "root") -> Path:
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        for path, content in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make


@pytest.fixture
def read():
    """read(dataset, root, **options) -> IndexResult over a fresh scan."""
    return lambda dataset, root, **options: index_dataset(dataset, root, scan(root), options)


@pytest.fixture
def official(tmp_path, reference):
    """official({annotation file: path in the root}) -> root with copies of the real annotation files; skips where they
    are absent."""
    shared = reference / "annotations"

    def make(files: dict[str, str]) -> Path:
        for source, path in files.items():
            if not (shared / source).is_file():
                pytest.skip(f"needs the real annotation file {source} in {shared}")
            target = tmp_path / "official" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(shared / source, target)
        return tmp_path / "official"

    return make
