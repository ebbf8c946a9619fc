"""Writing: order, parts, refusals. (Reuse, write errors and several processes have files of their own.)"""

import numpy as np
import pytest

from cmg.store import FeatureStore, StoreError
from cmg.store.writer import StoreWriter
from tests.store.samples import SHAPE, clip, contents, fill, make_spec, write

FAILING = {2: "missing", 9: "timeout"}


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_bytes_do_not_depend_on_order_interruptions_or_parts(tmp_path, compression):
    spec = make_spec(11, compression=compression)
    plain = contents(write(tmp_path / "plain.zarr", spec, FAILING))
    order = np.random.default_rng(1).permutation(11).tolist()
    for start in range(0, 11, 3):  # a new writer every three clips
        with StoreWriter(tmp_path / "many.zarr", tmp_path / "many", spec) as writer:
            fill(writer, order[start : start + 3], FAILING)
    with StoreWriter(tmp_path / "many.zarr", tmp_path / "many", spec) as writer:
        assert writer.todo == []
        assert contents(writer.seal()) == plain
    for part in [(2, 2), (1, 2)]:
        with StoreWriter(tmp_path / "parts.zarr", tmp_path / "parts", spec, part=part) as writer:
            fill(writer, reversed(writer.todo), FAILING)
    with StoreWriter(tmp_path / "parts.zarr", tmp_path / "parts", spec) as writer:
        assert writer.todo == []
        assert contents(writer.seal()) == plain


def test_parts_are_disjoint_whole_shards_and_only_a_gatherer_seals(path):
    spec, work = make_spec(10), path.with_suffix(".work")
    with StoreWriter(path, work, spec, part=(1, 2)) as one, StoreWriter(path, work, spec, part=(2, 2)) as two:
        assert (one.todo, two.todo) == ([0, 1, 2, 3, 8, 9], [4, 5, 6, 7])
        fill(one)
        with pytest.raises(StoreError, match="cannot seal"):
            one.seal()
        with pytest.raises(StoreError, match="not among the rows"):
            one.put(4, clip(4), 1)
    with StoreWriter(path, work, spec) as gatherer:
        assert gatherer.todo == [4, 5, 6, 7]
        with pytest.raises(StoreError, match=r"4 of 10 clips are not done \(first: '-clip 4"):
            gatherer.seal()
    with pytest.raises(StoreError, match="i from 1 to n"):
        StoreWriter(path, work, spec, part=(0, 2))


def test_more_parts_than_shards_leaves_some_idle(path):
    with StoreWriter(path, path.with_suffix(".work"), make_spec(), part=(9, 9)) as writer:
        assert writer.todo == []


@pytest.mark.parametrize(
    ("features", "valid", "message"),
    [
        (np.zeros((4, 3, 3, 9), "f2"), 4, r"row 1 \(clip '-clip 1.*expected features of shape"),
        (np.full(SHAPE, 1e6, "f4"), 4, "288 of 288 values are NaN, infinite or outside"),
        (np.full(SHAPE, np.nan, "f2"), 4, "NaN"),
        (np.zeros(SHAPE, "c8"), 4, "expected values for float16, found complex64"),
        (np.zeros(SHAPE, "f2"), 0, "expected 1 to 4 valid, found 0"),
        (np.zeros(SHAPE, "f2"), 5, "expected 1 to 4 valid, found 5"),
    ],
)
def test_unusable_features_are_refused(path, features, valid, message):
    with StoreWriter(path, path.with_suffix(".work"), make_spec()) as writer:
        with pytest.raises(StoreError, match=message):
            writer.put(1, features, valid)
        assert 1 in writer.todo


def test_rows_settle_once_and_with_known_names(path):
    with StoreWriter(path, path.with_suffix(".work"), make_spec()) as writer:
        writer.put(0, clip(0), 4)
        with pytest.raises(StoreError, match="already settled: ok"):
            writer.put(0, clip(0), 4)
        for status in ("ok", "lost"):
            with pytest.raises(StoreError, match="expected a failure among missing, malformed"):
                writer.fail(1, status, "")
        with pytest.raises(StoreError, match="not among the rows"):
            writer.fail(-1, "missing", "")
    with pytest.raises(StoreError, match="closed"):
        writer.put(2, clip(2), 4)


def test_folders_that_cannot_work_are_refused(path):
    with pytest.raises(StoreError, match="apart from the store"):
        StoreWriter(path, path / "work", make_spec())
    assert not path.exists()
    path.mkdir(parents=True)
    (path / "mine.txt").write_text("keep me")
    with pytest.raises(StoreError, match="found something else; move it away"):
        write(path)
    assert (path / "mine.txt").read_text() == "keep me"


def test_an_unsealed_folder_left_by_a_deleted_seal_is_replaced(path):
    write(path)
    (path / "zarr.json").unlink()
    with StoreWriter(path, path.with_suffix(".work"), make_spec()) as writer:
        assert writer.todo == []  # rows come from work_dir/previous
        writer.seal()
    assert len(FeatureStore(path)) == 10
