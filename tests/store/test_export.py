"""Exports hold the store's values, in deterministic bytes."""

import h5py
import numpy as np
import pytest

from cmg.store import FeatureStore, StoreError
from cmg.store.export import export
from tests.store.samples import SHAPE, clip, write

FAILING = {2: "missing"}


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
@pytest.mark.parametrize("rows", [None, [4, 2, 0]])
def test_values_survive(path, tmp_path, suffix, rows):
    store, file = FeatureStore(write(path, failing=FAILING)), tmp_path / f"out{suffix}"
    export(store, file, rows, key="avadataset")
    with np.load(file) if suffix == ".npz" else h5py.File(file) as found:
        wanted = range(10) if rows is None else rows
        np.testing.assert_array_equal(
            found["avadataset"][()], [np.zeros(SHAPE) if row in FAILING else clip(row) for row in wanted]
        )
        assert found["avadataset"].dtype == np.float16
        assert found["valid"][()].tolist() == [int(store.valid[row]) for row in wanted]
        assert found["status"][()].tolist() == [int(row in FAILING) for row in wanted]
        ids = found["ids"] if suffix == ".npz" else found["ids"].asstr()[()]
        assert ids.tolist() == [store.ids[row] for row in wanted]
    first = file.read_bytes()
    export(FeatureStore(path), file, rows, key="avadataset")
    assert file.read_bytes() == first


def test_clashing_keys_and_other_formats_are_refused_and_a_failed_export_leaves_nothing(path, tmp_path, monkeypatch):
    store = FeatureStore(write(path))
    with pytest.raises(StoreError, match="found 'valid'"):
        export(store, tmp_path / "out.npz", key="valid")
    with pytest.raises(StoreError, match="ends in .npz or .h5"):
        export(store, tmp_path / "out.csv")
    monkeypatch.setattr(store, "read", lambda rows: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        export(store, tmp_path / "out.h5")
    assert [entry.name for entry in tmp_path.iterdir()] == ["features"]
