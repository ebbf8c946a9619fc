"""Statistics of a few clips: of a store, and of every form of released features."""

import numpy as np
import pytest

from cmg.store import FeatureStore, StoreSpec
from cmg.store.statistics import of_clips, of_store
from cmg.store.writer import StoreWriter

VALUES = np.random.default_rng(0).normal(size=(7, 10, 4)).astype("f4")


def test_of_all_values_of_the_valid_seconds(tmp_path):
    spec = StoreSpec("ave", "audio", [str(row) for row in range(7)], [""] * 7, (10, 4), "float32", {})
    with StoreWriter(tmp_path / "audio.zarr", tmp_path / "work", spec) as writer:
        for row in range(6):
            writer.put(row, np.where(np.arange(10)[:, None] < 5, VALUES[row], 0), 5)
        writer.fail(6, "missing", "no file")
        writer.seal()
    found = of_store(FeatureStore(tmp_path / "audio.zarr"))
    kept = VALUES[:6, :5].astype(float)
    assert (
        found.mean == pytest.approx(kept.mean()) and found.std == pytest.approx(kept.std()) and found.low == kept.min()
    )
    assert found.mean_square == pytest.approx((kept**2).mean()) and found.zeros == 0
    few = of_store(FeatureStore(tmp_path / "audio.zarr"), most=2)
    assert few.mean == pytest.approx(kept[[0, 5]].mean())


def test_of_nothing_there_are_none():
    assert of_clips([]) is None and of_clips([np.empty((0, 4))]) is None
