"""The store and zarr-python: what it reads and would write, bytes whatever its version, machines without it."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmg.store import FeatureStore, StoreSpec
from cmg.store.arrays import array_files, root_document
from cmg.store.integrity import verify
from cmg.store.schema import DTYPES
from cmg.store.writer import StoreWriter
from tests.store.samples import SHAPE, clip, make_spec, write

ROOT = Path(__file__).parents[2]
OTHER_VERSIONS = [folder for folder in os.environ.get("CMG_ZARR_VERSIONS", "").split(os.pathsep) if folder]
DOCUMENTS = "bfa559da2be4"


@st.composite
def stores(draw):
    """A specification, the features of its rows, and which of them fail."""
    clips, shape = draw(st.integers(1, 9)), tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=5)))
    dtype, compression = draw(st.sampled_from(DTYPES)), draw(st.sampled_from([None, "zstd"]))
    ids = [f"clip {row}" for row in range(clips)]
    layout = {"clips_per_shard": draw(st.integers(1, 10)), "compression": compression}
    values = np.random.default_rng(draw(st.integers(0, 2**32))).integers(1, 100, (clips, *shape)).astype(dtype)
    values[draw(st.lists(st.integers(0, clips - 1), max_size=2))] = 0  # features may be all zeros
    failed = draw(st.sets(st.integers(0, clips - 1)))
    order = draw(st.permutations(range(clips)))
    return StoreSpec("ave", "video", ids, ids, shape, dtype, {}, **layout), values, failed, order


def put(path: Path, spec: StoreSpec, values: np.ndarray, failed: set[int], order: list[int]) -> Path:
    with StoreWriter(path, path.with_suffix(".work"), spec) as writer:
        for row in order:
            if row in failed:
                writer.fail(row, "missing", "")
            else:
                writer.put(row, values[row], 1)
        return writer.seal()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stores(), st.randoms())
def test_zarr_reads_what_was_put_and_what_is_mapped(tmp_path_factory, case, random):
    spec, values, failed, order = case
    store = FeatureStore(put(tmp_path_factory.mktemp("store") / "x.zarr", spec, values, failed, order))
    values[sorted(failed)] = 0
    rows = [random.randrange(len(values)) for _ in range(12)]
    np.testing.assert_array_equal(store.array[:], values)
    np.testing.assert_array_equal(store.read(rows), values[rows])
    assert verify(store.path) == []


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stores())
def test_shards_have_the_bytes_that_zarr_writes(tmp_path_factory, case):
    """zarr leaves out clips of zeros, so here only failed rows are."""
    spec, values, failed, order = case
    values[(values == 0).reshape(len(values), -1).all(1)] = 1
    folder = tmp_path_factory.mktemp("store")
    store = FeatureStore(put(folder / "x.zarr", spec, values, failed, order))
    values[sorted(failed)] = 0
    array = zarr.open_array(store.path / "features", mode="r")
    theirs = zarr.create_array(
        folder / "y.zarr",
        shape=array.shape,
        dtype=array.dtype,
        chunks=array.chunks,
        shards=array.shards,
        filters=None,
        compressors=array.compressors,
        fill_value=0,
        chunk_key_encoding={"name": "default", "separator": "."},
        config={"write_empty_chunks": spec.compression is not None},
    )
    theirs[:] = values
    for name in (name for name in store.attrs["files"] if name.startswith("features/c.")):
        file = folder / "y.zarr" / name.removeprefix("features/")
        rows = range(len(values))[int(name.split(".")[1]) * spec.clips_per_shard :][: spec.clips_per_shard]
        if file.exists() or not failed.issuperset(rows):  # zarr writes no file where every clip is absent
            assert (store.path / name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_the_array_of_a_store_is_zarrs(path, compression):
    store = FeatureStore(write(path, make_spec(compression=compression), {2: "missing"}))
    assert isinstance(store.array, zarr.Array)
    assert store.array.metadata.dimension_names == ("clip", "time", "height", "width", "channel")
    assert (store.array.shape, store.array.chunks, store.array.shards) == ((10, *SHAPE), (1, *SHAPE), (4, *SHAPE))
    np.testing.assert_array_equal(store.array[4, 1], clip(4)[1])


DIGESTS = """
import hashlib, json, sys, zarr
from pathlib import Path
from cmg.store.integrity import verify
from tests.store.samples import contents, make_spec, write
found = {}
for compression in (None, "zstd"):
    path = write(Path(sys.argv[1]) / f"{compression}.zarr", make_spec(compression=compression), {2: "missing"})
    assert verify(path) == []
    found |= {f"{compression}/{name}": hashlib.sha256(data).hexdigest() for name, data in contents(path).items()}
print(json.dumps([zarr.__version__, found]))
"""


def made_in(folder: Path, search: str = "") -> tuple[str, dict[str, str]]:
    """Version of zarr and SHA-256 of the files of two stores, by a process that finds modules in ``search`` first."""
    command, where = [sys.executable, "-c", DIGESTS, str(folder)], {**os.environ, "PYTHONPATH": search}
    done = subprocess.run(command, cwd=ROOT, env=where, capture_output=True, text=True, check=True)
    return tuple(json.loads(done.stdout))


def test_documents_have_the_bytes_they_always_had():
    """Pinned: another version of zarr, or of this project, that writes others fails here."""
    spec, small = make_spec(compression="zstd"), {"valid": np.zeros(10, "<i4"), "ids": np.zeros((10, 3), np.uint8)}
    root = {"zarr.json": root_document({"b": 1, "a": [None, {}]})}
    documents = [array_files(spec, small), array_files(make_spec(), {}), root]
    text = "".join(f"{name}\n{data.decode()}\n" for files in documents for name, data in sorted(files.items()))
    assert hashlib.sha256(text.encode()).hexdigest().startswith(DOCUMENTS)


@pytest.mark.skipif(not OTHER_VERSIONS, reason="CMG_ZARR_VERSIONS names no other versions of zarr (docs/store.md)")
def test_other_versions_of_zarr_write_the_same_bytes(tmp_path):
    found = [made_in(tmp_path / str(number), folder) for number, folder in enumerate(["", *OTHER_VERSIONS])]
    assert len({version for version, _ in found}) == len(found)
    assert all(digests == found[0][1] for _, digests in found)


WITHOUT = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("zarr", "numcodecs", "google_crc32c", "tensorstore"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
import pickle
from cmg.store import FeatureStore
store = pickle.loads(pickle.dumps(FeatureStore(sys.argv[1])))
print(store.ids[3], store.valid.tolist(), store.fingerprints[0], store.failures()[0].row)
print(float(store.read([3, 2, 9]).sum()))
"""


def test_uncompressed_stores_are_read_without_zarr(path):
    """As on a machine that only trains."""
    store = FeatureStore(write(path, failing={2: "missing"}))
    command = [sys.executable, "-c", WITHOUT, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    about = f"{store.ids[3]} {store.valid.tolist()} print-0 2"
    assert done.stdout == f"{about}\n{float(store.read([3, 2, 9]).sum())}\n"
