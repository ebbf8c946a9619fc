"""Writing: order, resume, reuse, parts, refusals, write errors."""

import errno
import multiprocessing
import os
import shutil

import numpy as np
import pytest

from cmg.store import FeatureStore, StoreError, StoreWriter, journal
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


@pytest.mark.parametrize("change", [{"recipe": {"frames_per_second": 8}}, {"weights_digest": "cd" * 32}, {"dtype": "float32"}])
def test_another_recipe_reuses_nothing(path, change):
    write(path)
    with StoreWriter(path, path.with_suffix(".work"), make_spec(**change)) as writer:
        assert (len(writer.todo), writer.reused) == (10, 0)


def test_changed_fingerprint_is_done_again(path):
    write(path)
    prints = make_spec().fingerprints
    with StoreWriter(path, path.with_suffix(".work"), make_spec(fingerprints=[*prints[:7], "edited", *prints[8:]])) as writer:
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


def test_damaged_previous_shard_is_not_reused_and_says_so(path, caplog):
    write(path)
    shard = path / "features" / "c.1.0.0.0.0"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    with StoreWriter(path, path.with_suffix(".work"), make_spec(11)) as writer:
        assert writer.todo == [4, 5, 6, 7, 10]
    assert "c.1.0.0.0.0" in caplog.text


def test_write_error_half_way_through_a_clip_loses_only_that_clip(path, monkeypatch):
    """Injected: the kernel takes half of a clip's bytes, then reports a full disk."""
    work, spec, real = path.with_suffix(".work"), make_spec(), os.pwrite
    writer = StoreWriter(path, work, spec)
    fill(writer, range(5))

    def full_disk(descriptor, data, offset):
        if offset % spec.layout.clip_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, bytes(data)[: len(data) // 2], offset)

    monkeypatch.setattr(journal.os, "pwrite", full_disk)
    with pytest.raises(OSError, match="No space left"):
        writer.put(5, clip(5), 1)
    monkeypatch.undo()
    writer.close()
    with StoreWriter(path, work, spec) as writer:
        assert writer.todo == [5, 6, 7, 8, 9]
        fill(writer)
        writer.seal()
    np.testing.assert_array_equal(FeatureStore(path).read(range(10)), [clip(row) for row in range(10)])


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_every_file_is_flushed_before_the_store_appears(path, flushed, compression):
    write(path, make_spec(compression=compression), FAILING)
    assert {file.stat().st_ino for file in path.rglob("*")} | {path.stat().st_ino} <= flushed


def test_torn_data_is_computed_again(path):
    """A power cut may keep a journal line and lose data: the line's CRC-32 does not vouch for it."""
    work, spec = path.with_suffix(".work"), make_spec()
    with StoreWriter(path, work, spec) as writer:
        fill(writer, [4, 5, 6])
    raw = next(work.glob("runs/*/raw/1"))
    with raw.open("r+b") as handle:
        handle.seek(spec.layout.clip_bytes + 7)
        handle.write(b"\xff\xff")
    line = next(work.glob("runs/*/journal/1"))
    line.write_bytes(line.read_bytes()[:-5])
    with StoreWriter(path, work, spec) as writer:
        assert writer.todo == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def _second_writer(path, queue):
    try:
        StoreWriter(path, path.with_suffix(".work"), make_spec())
    except StoreError as error:
        queue.put(str(error))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_second_process_cannot_write_the_same_store(path, method):
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    with StoreWriter(path, path.with_suffix(".work"), make_spec()):
        process = context.Process(target=_second_writer, args=(path, queue))
        process.start()
        message = queue.get(timeout=60)
        process.join()
    assert "another process is writing these shards" in message


def test_a_second_writer_in_this_process_is_refused_until_the_first_closes(path):
    work = path.with_suffix(".work")
    with StoreWriter(path, work, make_spec(), part=(1, 2)):
        with pytest.raises(StoreError, match="another writer in this process"):
            StoreWriter(path, work, make_spec())
        with pytest.raises(StoreError, match="another writer in this process"):
            StoreWriter(path, work, make_spec(), part=(1, 3))
    StoreWriter(path, work, make_spec()).close()


def test_no_store_is_visible_while_it_is_written(path):
    writer = StoreWriter(path, path.with_suffix(".work"), make_spec())
    fill(writer)
    with pytest.raises(StoreError, match="found nothing"):
        FeatureStore(path)
    writer.seal()
    assert len(FeatureStore(path)) == 10


def test_a_reader_keeps_its_store_while_another_is_sealed_over_it(path):
    write(path)
    reader = FeatureStore(path)
    reader.read([0, 9])
    write(path, make_spec(recipe={"frames_per_second": 8}, ids=[f"new {row}" for row in range(10)]), {0: "missing"})
    np.testing.assert_array_equal(reader.read([0, 9]), [clip(0), clip(9)])
    assert FeatureStore(path).failures()[0].row == 0


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
