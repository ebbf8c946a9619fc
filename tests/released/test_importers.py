"""Released features of three formats become stores; hostile and broken files cost one failure row each."""

import os
import pickle
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmg.released import formats
from cmg.released.formats import H5Rows, NumpyFiles, ReleasedError, ZippedPickles
from cmg.released.importers import fit_seconds, import_rows, released_spec
from cmg.store import FeatureStore, StoreError
from cmg.store.writer import StoreWriter

SHAPE = (4, 6)


def zipped(folder, clip_id: str, value, name: str = "x.pkl", method: int = zipfile.ZIP_DEFLATED):
    data = value if isinstance(value, bytes) else pickle.dumps(value)
    with zipfile.ZipFile(folder / f"{clip_id}.zip", "w", method) as archive:
        archive.writestr(name, data)


def run(source, path, ids, **options):
    values = {
        "dataset": "ave",
        "modality": "audio",
        "ids": ids,
        "shape": SHAPE,
        "dtype": "float32",
        "clips_per_shard": 3,
    }
    with StoreWriter(path, path.with_suffix(".work"), released_spec(source, **(values | options))) as writer:
        todo = len(writer.todo)
        import_rows(writer, source, lambda *counts: None)
        failures = writer.failures()
        writer.seal()
    return SimpleNamespace(read=todo, reused=writer.reused, failures=failures)


def audio(seconds: int, seed: int = 0, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).random((seconds, 6)).astype(dtype)


class _Runs:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_zipped_pickles(path, tmp_path):
    folder, mark = tmp_path / "zip", tmp_path / "ran"
    folder.mkdir()
    zipped(folder, "-good", audio(4))
    zipped(folder, "short", audio(2), name="../../escape.pkl")
    zipped(folder, "long", audio(7, dtype="float32"))
    zipped(folder, "hostile", _Runs(mark))
    zipped(folder, "shape", np.zeros((4, 5)))
    zipped(folder, "nothing", b"", name="notes.txt")
    zipped(folder, "nan", np.full((4, 6), np.nan))
    (folder / "broken.zip").write_bytes(b"PK not a zip")
    ids = [
        "-good",
        "short",
        "long",
        "hostile",
        "shape",
        "nothing",
        "nan",
        "broken",
        "absent",
        "../zip/-good",
        "x" * 300,
    ]
    result = run(ZippedPickles(folder), path, ids)
    store = FeatureStore(path)
    assert [(failure.clip_id[:12], failure.status) for failure in result.failures] == [
        ("hostile", "refused"),
        ("shape", "malformed"),
        ("nothing", "malformed"),
        ("nan", "malformed"),
        ("broken", "malformed"),
        ("absent", "missing"),
        ("../zip/-good", "refused"),
        ("x" * 12, "refused"),
    ]
    assert "posix.system" in result.failures[0].reason and "(4, 5)" in result.failures[1].reason
    assert not mark.exists() and not (tmp_path.parent / "escape.pkl").exists()
    assert (result.read, result.reused, store.attrs["provenance"]) == (11, 0, "released")
    assert store.valid.tolist() == [4, 2, 4] + [0] * 8
    np.testing.assert_array_equal(store.read([0])[0], audio(4).astype("f4"))
    np.testing.assert_array_equal(store.read([1])[0], np.vstack([audio(2), np.zeros((2, 6))]).astype("f4"))
    np.testing.assert_array_equal(store.read([2])[0], audio(7, dtype="float32")[:4])


DEBRIS = st.lists(
    st.sampled_from(["__MACOSX/._x.pkl", "._x.pkl", "a/._b.pkl", ".DS_Store", "__MACOSX/a/b.pkl"]), max_size=20
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=DEBRIS, after=DEBRIS, name=st.sampled_from(["x.pkl", "a/b.pkl", "MACOSX.pkl"]))
def test_what_macos_adds_to_an_archive_is_passed_over(tmp_path, before, after, name):
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "clip.zip", "w") as archive:
        warnings.simplefilter("ignore", UserWarning)  # names that come twice
        for entry, data in [
            *((n, b"\0\5\x16\7") for n in before),
            (name, pickle.dumps(audio(4))),
            *((n, b"\0\5\x16\7") for n in after),
        ]:
            archive.writestr(entry, data)
    np.testing.assert_array_equal(ZippedPickles(tmp_path).read(0, "clip"), audio(4))


def test_an_archive_of_macos():
    found = ZippedPickles(Path(__file__).parent / "files").read(0, "macos")
    assert found.shape == (10, 128) and found.dtype == np.float32 and found.mean() == pytest.approx(0.5114, abs=1e-4)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_damaged_compressed_data_is_a_failure_of_its_clip(path, tmp_path, method):
    for clip_id in ("whole", "damaged"):
        zipped(tmp_path, clip_id, audio(4), method=method)
    file = tmp_path / "damaged.zip"
    data = bytearray(file.read_bytes())
    data[60:100] = bytes(40)  # within the compressed stream, after the headers
    file.write_bytes(data)
    result = run(ZippedPickles(tmp_path), path, ["whole", "damaged"])
    assert [(failure.clip_id, failure.status) for failure in result.failures] == [("damaged", "malformed")]
    assert FeatureStore(path).valid.tolist() == [4, 0]


def test_only_changed_clips_are_read_again(path, tmp_path):
    for clip_id in "abcd":
        zipped(tmp_path, clip_id, audio(4))
    run(ZippedPickles(tmp_path), path, list("abcd"))
    zipped(tmp_path, "b", audio(4, seed=1))
    result = run(ZippedPickles(tmp_path), path, list("abcd"))
    assert (result.read, result.reused) == (1, 3)
    np.testing.assert_array_equal(FeatureStore(path).read([1])[0], audio(4, seed=1).astype("f4"))


def test_the_last_pickle_counts_and_bombs_are_bounded(path, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.pkl", pickle.dumps(audio(4, seed=1)))
        archive.writestr("b.pkl", pickle.dumps(audio(4, seed=2)))
        archive.writestr("c.txt", b"")
    monkeypatch.setattr(formats, "MAX_CLIP_BYTES", 4096)
    zipped(tmp_path, "bomb", bytes(10_000_000))
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(17):
            archive.writestr(f"{number}.pkl", b"")
    result = run(ZippedPickles(tmp_path), path, ["two", "bomb", "many"])
    assert [(failure.status, failure.reason.split(": ")[1][:14]) for failure in result.failures] == [
        ("malformed", "more than 4096"),
        ("malformed", "expected a .pk"),
    ]
    np.testing.assert_array_equal(FeatureStore(path).read([0])[0], audio(4, seed=2).astype("f4"))


def test_encrypted_and_damaged_zips_are_malformed(path, tmp_path):
    zipped(tmp_path, "locked", audio(4))
    zipped(tmp_path, "flipped", audio(4), method=zipfile.ZIP_STORED)
    for clip_id, place in (("locked", 6), ("flipped", 200)):
        data = bytearray((tmp_path / f"{clip_id}.zip").read_bytes())
        data[place] ^= 1
        if clip_id == "locked":
            data[data.index(b"PK\x01\x02") + 8] ^= 1
        (tmp_path / f"{clip_id}.zip").write_bytes(data)
    result = run(ZippedPickles(tmp_path), path, ["locked", "flipped"])
    assert [failure.status for failure in result.failures] == ["malformed"] * 2
    assert "encrypted" in result.failures[0].reason and "CRC" in result.failures[1].reason


def test_numpy_files(path, tmp_path):
    np.save(tmp_path / "good.npy", audio(4))
    np.save(tmp_path / "object.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.save(tmp_path / "cut.npy", audio(4))
    os.truncate(tmp_path / "cut.npy", 150)
    (tmp_path / "empty.npy").touch()
    with zipfile.ZipFile(tmp_path / "archive.npy", "w") as archive:
        archive.writestr("a.npy", b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run(NumpyFiles(tmp_path), path, ["good", "object", "cut", "empty", "archive"])
    assert [failure.status for failure in result.failures] == ["malformed"] * 4
    np.testing.assert_array_equal(FeatureStore(path).read([0])[0], audio(4).astype("f4"))


def test_h5_rows(path, tmp_path):
    features = np.random.default_rng(3).random((5, 4, 6))
    with h5py.File(tmp_path / "audio_feature.h5", "w") as file:
        file["avadataset"] = features
    source = H5Rows(tmp_path / "audio_feature.h5", 5)
    result = run(source, path, ["a", "b", "a", "c", "d"])  # AVE repeats ids; rows are the key
    assert result.failures == []
    np.testing.assert_array_equal(FeatureStore(path).read(range(5)), features.astype("f4"))


def test_h5_that_is_not_what_it_should_be(tmp_path):
    with pytest.raises(StoreError, match="found no file"):
        H5Rows(tmp_path / "absent.h5", 5)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["avadataset"] = np.zeros((5, 4, 6))
        file["link"] = h5py.ExternalLink("elsewhere.h5", "/avadataset")
        file["text"] = np.array([b"a"] * 5)
        file.create_dataset("outside", (5, 2), "f4", external=[(str(tmp_path / "passwd"), 0, 40)])
    with pytest.raises(StoreError, match="expected 4143 rows, one per clip of the index, found 5"):
        H5Rows(tmp_path / "other.h5", 4143)
    for key, message in (
        ("link", "inside the file"),
        ("nobody", "inside the file"),
        ("text", "expected numbers"),
        ("outside", "elsewhere"),
    ):
        with pytest.raises(StoreError, match=message):
            H5Rows(tmp_path / "other.h5", 5, key)


def test_folder_must_exist(tmp_path):
    with pytest.raises(StoreError, match="expected a folder"):
        ZippedPickles(tmp_path / "absent")


@pytest.mark.parametrize("array", [np.zeros((0, 6)), np.zeros(6), np.zeros((4, 6), complex), np.zeros((4, 6, 1))])
def test_arrays_that_are_no_features(array):
    with pytest.raises(ReleasedError):
        fit_seconds(array, SHAPE)


def test_one_second_may_come_without_its_axis():
    image = np.arange(12.0).reshape(3, 4)
    fitted, valid = fit_seconds(image, (1, 3, 4))
    assert valid == 1 and np.array_equal(fitted[0], image)
    with pytest.raises(ReleasedError):
        fit_seconds(image, (2, 3, 4))
