"""Comparing a store with released features: equal, shifted and missing clips, in each released format."""

import pickle
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cmg.released.compare import compare, cosine
from cmg.store import FeatureStore, StoreError
from tests.store.samples import SHAPE, clip, make_spec, write

IDS = [f"{row:011}_0_10" for row in range(10)]


@pytest.fixture
def store(path):
    return FeatureStore(write(path, make_spec(ids=IDS, dtype="float32"), failing={3: "no_video"}))


def h5(file, values):
    with h5py.File(file, "w") as opened:
        opened["avadataset"] = np.stack(values).astype("f8")
    return file


def test_the_same_features_have_cosine_one_and_the_same_statistics(store, tmp_path):
    found = compare(store, h5(tmp_path / "f.h5", [clip(row, "float32") for row in range(10)]))
    assert found.rows.tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert list(found.skipped) == [f"row 3 ({IDS[3]})"] and "no_video" in found.skipped[f"row 3 ({IDS[3]})"]
    assert np.array_equal((~np.isnan(found.cosine)).sum(1), store.valid[found.rows])
    np.testing.assert_allclose(found.per_clip, 1, atol=1e-9)
    assert found.theirs == found.ours


def test_the_clip_and_second_that_differ_are_found(store, tmp_path):
    values = [clip(row, "float32") for row in range(10)]
    values[6] = -values[6]
    values[7][2] = np.roll(values[7][2], 1)
    found = compare(store, h5(tmp_path / "f.h5", values))
    first, second = found.worst(2)
    assert (found.rows[first], found.rows[second]) == (6, 7)
    np.testing.assert_allclose(found.cosine[first][:3], -1, atol=1e-9)
    assert np.nanargmin(found.cosine[second]) == 2 and found.cosine[second][0] == pytest.approx(1)
    assert found.theirs.low < 0 <= found.ours.low


def test_statistics_tell_rectified_features_from_others(store, tmp_path):
    values = [np.maximum(clip(row, "float32") - 50, 0) for row in range(10)]
    for value in values:
        value[..., 5] = 0
    theirs = compare(store, h5(tmp_path / "f.h5", values)).theirs
    used = np.concatenate([values[row][: 1 + row % 4] for row in range(10) if row != 3])
    assert (theirs.mean, theirs.std) == (pytest.approx(used.mean(), rel=1e-5), pytest.approx(used.std(), rel=1e-5))
    assert theirs.zeros == (used == 0).mean() and theirs.silent_channels == 1


def test_files_per_clip_are_found_by_id_or_its_first_eleven_characters(store, tmp_path):
    folder = tmp_path / "zip"
    folder.mkdir()
    for name, row in ((IDS[1], 1), (IDS[2][:11], 2), ("unheard", 4)):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr("x.pkl", pickle.dumps(clip(row)))
    np.save(folder / f"{IDS[5]}.npy", clip(5)[:2])
    np.save(folder / f"{IDS[6]}.npy", np.zeros((4, 3)))
    (folder / "notes.txt").write_text("not a feature")
    (folder / f"._{IDS[5]}.npy").write_bytes(b"what macOS leaves beside a file")
    found = compare(store, folder)
    assert found.rows.tolist() == [1, 2, 5] and found.per_clip == pytest.approx([1, 1, 1], abs=1e-4)
    assert found.skipped.keys() == {"unheard", IDS[6]}
    assert compare(store, folder / f"{IDS[5]}.npy").rows.tolist() == [5]


def test_nothing_to_compare_is_an_error(store, tmp_path):
    np.save(tmp_path / "other.npy", clip(0))
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(StoreError, match="none to compare .other: no such clip"):
        compare(store, tmp_path / "other.npy")
    with pytest.raises(StoreError, match="expected an .h5"):
        compare(store, tmp_path / "a.txt")
    with pytest.raises(StoreError, match="expected 10 rows"):
        compare(store, h5(tmp_path / "short.h5", [clip(0)]))


@given(arrays("f8", (3, *SHAPE[1:]), elements=st.floats(-10, 10)), st.floats(0.1, 10))
def test_cosine_ignores_length_and_knows_zero(values, factor):
    values[np.abs(values) < 1e-3] = 0
    values[0] = 0
    found = cosine(values, factor * values)
    np.testing.assert_allclose(found, 1, atol=1e-9)
    assert cosine(values[:1], np.ones_like(values[:1]))[0] == 0
