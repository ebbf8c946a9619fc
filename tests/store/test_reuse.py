"""What a new run takes over: unchanged clips, whole shards, failures until they are retried, unfinished work."""

import os
import shutil

import numpy as np
import pytest

from cmg.store import FeatureStore
from cmg.store.writer import StoreWriter
from tests.store.samples import SHAPE, clip, contents, fill, make_spec, write

FAILING = {2: "missing", 9: "timeout"}


def test_an_added_clip_is_the_only_one_to_do_although_the_store_was_deleted(path):
    write(path, make_spec(10), FAILING)
    shutil.rmtree(path)
    spec = make_spec(11)
    order = [10, *range(10)]  # the new clip comes first: rows shift, keys do not
    spec = make_spec(11, ids=[spec.ids[row] for row in order], fingerprints=[spec.fingerprints[row] for row in order])
    with StoreWriter(path, path.with_suffix(".work"), spec) as writer:
        assert (writer.todo, writer.reused) == ([0], 10)
        assert [(failure.row, failure.status, failure.reason) for failure in writer.failures()] == [
            (3, "missing", "reason 2"),
            (10, "timeout", "reason 9"),
        ]
        writer.put(0, clip(10), 1)
        writer.seal()
    np.testing.assert_array_equal(FeatureStore(path).read([0, 1, 2, 3]), [clip(10), clip(0), clip(1), np.zeros(SHAPE)])


def test_reuse_gives_the_bytes_of_a_fresh_store(tmp_path):
    fresh = contents(write(tmp_path / "fresh.zarr", make_spec(11), FAILING))
    path = write(tmp_path / "grown.zarr", make_spec(10), FAILING)
    assert contents(write(path, make_spec(11), FAILING)) == fresh


def test_unchanged_shards_are_linked_not_copied(path):
    shard = path / "features" / "c.0.0.0.0.0"
    write(path)
    before = os.stat(shard).st_ino
    write(path, make_spec(11))
    assert os.stat(shard).st_ino == before


@pytest.mark.parametrize(
    "change", [{"recipe": {"frames_per_second": 8}}, {"weights_digest": "cd" * 32}, {"dtype": "float32"}]
)
def test_another_recipe_reuses_nothing(path, change):
    write(path)
    with StoreWriter(path, path.with_suffix(".work"), make_spec(**change)) as writer:
        assert (len(writer.todo), writer.reused) == (10, 0)


def test_changed_fingerprint_is_done_again(path):
    write(path)
    prints = make_spec().fingerprints
    with StoreWriter(
        path, path.with_suffix(".work"), make_spec(fingerprints=[*prints[:7], "edited", *prints[8:]])
    ) as writer:
        assert writer.todo == [7]


def test_failures_are_retried_when_asked_or_when_the_clip_changed(path):
    spec, work = make_spec(), path.with_suffix(".work")
    write(path, spec, FAILING)
    with StoreWriter(path, work, spec) as writer:
        assert writer.todo == []
    prints = [*spec.fingerprints[:2], "now there", *spec.fingerprints[3:]]
    with StoreWriter(path, work, make_spec(fingerprints=prints)) as writer:
        assert writer.todo == [2]
    with StoreWriter(path, work, spec, retry_failed=True) as writer:
        assert writer.todo == [2, 9]
        fill(writer)
        writer.seal()
    assert FeatureStore(path).failures() == []


@pytest.mark.parametrize("compression", [None, "zstd"])
@pytest.mark.parametrize("sealed", [True, False])
def test_failures_can_be_retried_again_and_again(path, tmp_path, sealed, compression):
    """Failures of the previous store, of finished shards and of open ones; each retry opens exactly them."""
    spec, work = make_spec(11, compression=compression), path.with_suffix(".work")
    with StoreWriter(path, work, spec) as writer:
        fill(writer, range(11) if sealed else range(10), FAILING)
        if sealed:
            writer.seal()
    StoreWriter(path, work, spec).close()  # links the shards of a sealed store, failures included
    for failed, still in (([2, 9], {2: "timeout", 9: "missing"}), ([2, 9], {9: "crashed"}), ([9], {9: "crashed"})):
        with StoreWriter(path, work, spec, retry_failed=True) as writer:
            assert writer.todo == failed + ([] if sealed else [10]) and not writer.failures()
            fill(writer, [row for row in writer.todo if row != 10], still)
    with StoreWriter(path, work, spec) as writer:
        assert [(failure.row, failure.status) for failure in writer.failures()] == [(9, "crashed")]
        fill(writer)
        assert contents(writer.seal()) == contents(write(tmp_path / "quiet.zarr", spec, {9: "crashed"}))


def test_rows_of_unfinished_work_serve_another_specification(path):
    work = path.with_suffix(".work")
    with StoreWriter(path, work, make_spec(10)) as writer:
        fill(writer, [0, 1, 2, 3, 6], {6: "no_video"})  # one whole shard, one open
    with StoreWriter(path, work, make_spec(11)) as writer:
        assert writer.todo == [4, 5, 7, 8, 9, 10]
        fill(writer)
        assert [failure.row for failure in writer.failures()] == [6]
        writer.seal()
    assert not (work / "runs").exists()
    np.testing.assert_array_equal(FeatureStore(path).read([1, 6]), [clip(1), np.zeros(SHAPE)])


@pytest.mark.parametrize("plan", ['{"dataset": "ave", "rows": 10}', "half of a pl"])
def test_unfinished_work_of_another_version_is_left_and_named(path, caplog, plan):
    work = path.with_suffix(".work")
    with StoreWriter(path, work, make_spec(10)) as writer:
        fill(writer, [0, 1, 2, 3])
    (old,) = (work / "runs").iterdir()
    (old / "plan.json").write_text(plan)
    with StoreWriter(path, work, make_spec(11)) as writer:
        assert len(writer.todo) == 11 and str(old) in caplog.text
        fill(writer)
        writer.seal()
    assert not (work / "runs").exists()


def test_damaged_previous_shard_is_not_reused_and_says_so(path, caplog):
    write(path)
    shard = path / "features" / "c.1.0.0.0.0"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    with StoreWriter(path, path.with_suffix(".work"), make_spec(11)) as writer:
        assert writer.todo == [4, 5, 6, 7, 10]
    assert "c.1.0.0.0.0" in caplog.text


@pytest.mark.parametrize("kept", ["store", "previous", "unfinished"])
def test_rows_of_other_code_are_computed_again(path, kept):
    """Wherever they lie: in the sealed store, in the copy that outlives it, in work that was given up."""
    old, new = make_spec(code="0" * 64), make_spec(code="1" * 64)
    if kept == "unfinished":
        with StoreWriter(path, path.with_suffix(".work"), old) as writer:
            fill(writer, [0, 1, 2, 3])
    else:
        write(path, old)
    if kept == "previous":
        shutil.rmtree(path)
    for spec, todo in ((new, 10), (old, 6 if kept == "unfinished" else 0)):
        with StoreWriter(path, path.with_suffix(".work"), spec) as writer:
            assert len(writer.todo) == todo


def test_code_is_no_part_of_the_bytes_of_a_store(tmp_path):
    assert contents(write(tmp_path / "a.zarr", make_spec(code="0" * 64))) == contents(
        write(tmp_path / "b.zarr", make_spec())
    )
