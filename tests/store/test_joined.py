"""Several stores read as one."""

import numpy as np
import pytest

from cmg.store import FeatureStore, StoreError
from cmg.store.joined import Joined
from tests.store.samples import write


def test_rows_of_all_stores_in_any_order(tmp_path):
    stores = [FeatureStore(write(tmp_path / f"{n}.zarr", failing={n: "missing"})) for n in range(3)]
    joined = Joined(stores)
    whole = np.concatenate([store.read(np.arange(len(store))) for store in stores])
    assert joined.starts.tolist() == [0, 10, 20] and joined.valid.tolist() == [
        v for store in stores for v in store.valid.tolist()
    ]
    draws = np.random.default_rng(0)
    for size in (0, 1, 7, 30):
        rows = draws.integers(0, 30, size)
        np.testing.assert_array_equal(joined.read(rows), whole[rows])
    np.testing.assert_array_equal(Joined(stores[:1]).read(np.array([3, 1])), stores[0].read([3, 1]))


def test_stores_of_another_shape_are_refused(tmp_path, monkeypatch):
    one, other = (FeatureStore(write(tmp_path / f"{n}.zarr")) for n in range(2))
    other.shape = (5, *one.shape[1:])
    with pytest.raises(StoreError, match="1.zarr: expected clips of .* set `seconds:`"):
        Joined([one, other])
