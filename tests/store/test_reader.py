"""Reading: values, ids, several processes, damage, agreement with zarr and tensorstore."""

import json
import multiprocessing
import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.store import FeatureStore, StoreError
from tests.store.samples import SHAPE, clip, make_spec, write

FAILING = {2: "missing", 9: "no_audio"}


def expected(clips: int = 10, dtype: str = "float16") -> np.ndarray:
    return np.stack([np.zeros(SHAPE, dtype) if row in FAILING else clip(row, dtype) for row in range(clips)])


@pytest.mark.parametrize("compression", [None, "zstd"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "uint8"])
def test_zarr_and_tensorstore_read_the_same_values(path, compression, dtype):
    import tensorstore
    import zarr

    store = FeatureStore(write(path, make_spec(compression=compression, dtype=dtype), FAILING))
    group = zarr.open_group(path, mode="r", zarr_format=3)
    assert dict(group.attrs) == store.attrs
    np.testing.assert_array_equal(store.read(range(10)), expected(dtype=dtype))
    assert sorted(group.array_keys()) == ["features", "fingerprint", "ids", "status", "valid"]
    for name in group.array_keys():
        opened = tensorstore.open({"driver": "zarr3", "kvstore": f"file://{path}/{name}"}).result()
        np.testing.assert_array_equal(opened.read().result(), group[name][:])
    np.testing.assert_array_equal(group["features"][:], expected(dtype=dtype))
    np.testing.assert_array_equal(group["features"][5], clip(5, dtype))
    assert [bytes(row).rstrip(b"\0").decode() for row in group["ids"][:]] == store.ids


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_rows_in_any_order_repeated_or_none(path, compression):
    store = FeatureStore(write(path, make_spec(compression=compression), FAILING))
    rows = [7, 0, 7, 2, 9, 3]
    np.testing.assert_array_equal(store.read(rows), expected()[rows])
    assert store.read(np.array([], int)).shape == (0, *SHAPE)
    out = np.empty((2, *SHAPE), np.float32)
    assert store.read_into(np.array([8, 1]), out) is out
    np.testing.assert_array_equal(out, expected()[[8, 1]].astype(np.float32))


def test_what_a_store_says_about_its_rows(path):
    store = FeatureStore(write(path, failing=FAILING))
    assert store.ids == make_spec().ids and store.fingerprints == make_spec().fingerprints
    assert store.valid.tolist() == [1, 2, 0, 4, 1, 2, 3, 4, 1, 0]
    assert [(failure.row, failure.status) for failure in store.failures()] == [(2, "missing"), (9, "no_audio")]
    assert store.attrs["counts"] == dict.fromkeys(store.attrs["status_codes"], 0) | {
        "ok": 8,
        "missing": 1,
        "no_audio": 1,
    }
    assert store.rows_of(["-clip 7, é#.mp4", "-clip 0, é#.mp4"]).tolist() == [7, 0]
    with pytest.raises(StoreError, match="clip 'nobody' is not among its 10 clips"):
        store.rows_of(["nobody"])


def test_a_repeated_id_needs_one_fingerprint(path):
    spec = make_spec(4, ids=["a", "b", "a", "b"], fingerprints=["1", "2", "1", "3"])
    store = FeatureStore(write(path, spec))
    assert store.rows_of(["a"]).tolist() == [0]
    with pytest.raises(StoreError, match=r"'b' stands for different clips \(rows \[1, 3\]\)"):
        store.rows_of(["b"])


def test_a_store_where_every_clip_failed(path):
    store = FeatureStore(write(path, failing=dict.fromkeys(range(10), "empty")))
    assert not store.read(range(10)).any() and len(store.failures()) == 10


@pytest.mark.parametrize("rows", [[10], [-1], [0.5], [[1]], [True]])
def test_rows_that_are_none_are_refused(path, rows):
    with pytest.raises(StoreError, match="expected"):
        FeatureStore(write(path)).read(rows)


@pytest.mark.parametrize("shape_dtype", [((1, *SHAPE), "f4"), ((2, 4, 3), "f4"), ((2, *SHAPE), "i2")])
def test_read_into_needs_a_fitting_array(path, shape_dtype):
    with pytest.raises(StoreError, match="expected an array"):
        FeatureStore(write(path)).read_into([0, 1], np.empty(*shape_dtype))


def _read_in_child(store, queue):
    queue.put(store.read([5, 2, 0]))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("compression", [None, "zstd"])
def test_children_read_the_store_of_their_parent(path, method, compression):
    store = FeatureStore(write(path, make_spec(compression=compression), FAILING))
    store.read([5])  # the parent has mapped a shard
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    children = [context.Process(target=_read_in_child, args=(store, queue)) for _ in range(2)]
    for child in children:
        child.start()
    for _ in children:
        np.testing.assert_array_equal(queue.get(timeout=60), expected()[[5, 2, 0]])
    for child in children:
        child.join()
        assert child.exitcode == 0


def test_a_pickled_store_notices_that_it_was_replaced(path):
    data = pickle.dumps(FeatureStore(write(path)))
    np.testing.assert_array_equal(pickle.loads(data).read([1]), [clip(1)])
    write(path, failing={1: "missing"}, spec=make_spec(recipe={"frames_per_second": 8}))
    with pytest.raises(StoreError, match="was replaced"):
        pickle.loads(data)


def test_missing_or_unsealed_stores_say_so(path):
    with pytest.raises(StoreError, match="found nothing"):
        FeatureStore(path)
    write(path)
    (path / "zarr.json").unlink()
    with pytest.raises(StoreError, match="not sealed"):
        FeatureStore(path)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda root: root["attributes"].update(recipe={}), "changed after sealing"),
        (lambda root: root["attributes"].update(schema_version=99), "expected schema version 1, found 99"),
        (lambda root: root.update(attributes={}), "without a schema version"),
    ],
)
def test_edited_attributes_are_noticed(path, edit, message):
    root = write(path) / "zarr.json"
    document = json.loads(root.read_text())
    edit(document)
    root.write_text(json.dumps(document))
    with pytest.raises(StoreError, match=message):
        FeatureStore(path)


def test_truncated_and_missing_shards_are_named(path):
    shard = write(path) / "features" / "c.1.0.0.0.0"
    reader = FeatureStore(path)  # opened before the damage, shard not mapped yet
    for size in (shard.stat().st_size - 9, 10, 0):
        os.truncate(shard, size)
        with pytest.raises(StoreError, match=r"c\.1\.0\.0\.0\.0.*found \d+: truncated"):
            FeatureStore(path)
        with pytest.raises(StoreError, match=r"c\.1\.0\.0\.0\.0: expected SHA-256.*: damaged"):
            reader.read([4])
    shard.unlink()
    with pytest.raises(StoreError, match=r"c\.1\.0\.0\.0\.0: expected \d+ bytes, found no file"):
        FeatureStore(path)
    with pytest.raises(StoreError, match=r"c\.1\.0\.0\.0\.0: expected SHA-256.*No such file"):
        reader.read([6])
    np.testing.assert_array_equal(reader.read([0]), [clip(0)])


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_a_shard_cut_anywhere_serves_nothing(path, compression):
    """Cut after the store was opened, so that its size is not looked at again."""
    shard = write(path, make_spec(compression=compression)) / "features" / "c.1.0.0.0.0"
    data = shard.read_bytes()

    @given(st.integers(0, len(data) - 1))
    def cut(size):
        shard.write_bytes(data)
        reader = FeatureStore(path)
        os.truncate(shard, size)
        with pytest.raises(StoreError, match="c.1.0.0.0.0"):
            reader.read([4])

    cut()
