"""Write errors and damaged files of unfinished work: nothing finished is lost, nothing wrong is served.

Errors are injected: functions of `os` that the writer calls raise what the kernel would. Damage is done to the files
themselves.
"""

import errno
import os

import numpy as np
import pytest

from cmg.store import FeatureStore, journal
from cmg.store.integrity import verify
from cmg.store.writer import StoreWriter
from tests.store.samples import clip, contents, fill, make_spec, write

FAILING = {2: "missing", 6: "no_audio"}


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


OPERATIONS = ("pwrite", "write", "replace", "rename", "link", "ftruncate", "fsync")


def _fail_at(patch, number: int) -> None:
    """From now on, the ``number``-th file operation reports a full disk; the others work."""
    count = 0

    def failing(real):
        def step(*args, **kwargs):
            nonlocal count
            count += 1
            if count == number:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args, **kwargs)

        return step

    for name in OPERATIONS:
        patch.setattr(os, name, failing(getattr(os, name)))


@pytest.mark.parametrize("compression", [None, "zstd"])
@pytest.mark.parametrize("before", [None, 6], ids=["first", "reusing"])
def test_an_error_of_any_file_operation_ends_the_run_and_the_next_one_completes_it(
    tmp_path, monkeypatch, compression, before
):
    """Every fifth operation of writing seven clips and sealing, with and without a sealed store of six of them."""
    spec = make_spec(7, compression=compression)
    quiet = contents(write(tmp_path / "quiet.zarr", spec, FAILING))
    for number in range(1, 1000, 5):
        path = tmp_path / f"{number}.zarr"
        if before:
            write(path, make_spec(before, compression=compression), FAILING)
        with monkeypatch.context() as patch:
            _fail_at(patch, number)
            try:
                write(path, spec, FAILING)
            except OSError as error:
                assert error.errno == errno.ENOSPC and error.filename
                failed = True
            else:
                failed = False
        assert not path.exists() or verify(path) == []
        assert contents(write(path, spec, FAILING)) == quiet
        if not failed:
            break
    assert not failed and number > 40


@pytest.mark.parametrize("keep", [0, 100, 2 * 576])
def test_a_truncated_raw_shard_costs_the_clips_that_are_gone(path, keep):
    """Unfinished work: shard 1 of four clips of 576 bytes, three of them put, cut to ``keep`` bytes."""
    work, spec = path.with_suffix(".work"), make_spec()
    assert spec.layout.clip_bytes == 576
    with StoreWriter(path, work, spec) as writer:
        fill(writer, [0, 4, 5, 6])
    os.truncate(next(work.glob("runs/*/raw/1")), keep)
    with StoreWriter(path, work, spec) as writer:
        assert writer.todo == [1, 2, 3, *range(4 + keep // 576, 10)]
        fill(writer)
        assert contents(writer.seal()) == contents(write(path.with_name("quiet.zarr"), spec))


@pytest.mark.parametrize("compression", [None, "zstd"])
@pytest.mark.parametrize("failing", [{}, {5: "missing"}], ids=["whole", "with a failure"])
def test_a_damaged_finished_shard_of_unfinished_work_is_not_sealed(path, caplog, compression, failing):
    """Zeroed in the middle, its size kept; of an uncompressed whole shard only the damaged clips are done again."""
    work, spec = path.with_suffix(".work"), make_spec(compression=compression)
    with StoreWriter(path, work, spec) as writer:
        fill(writer, range(8), failing)
    shard = next(work.glob("runs/*/store.zarr/features/c.1.0.0.0.0"))
    with shard.open("r+b") as handle:
        handle.seek(spec.layout.clip_bytes + 10 if compression is None else 500)
        handle.write(bytes(100))
    with StoreWriter(path, work, spec) as writer:
        kept = {4, 6, 7} if compression is None and not failing else {5} & failing.keys()
        assert set(writer.todo) & set(range(8)) >= {4, 5, 6, 7} - kept - {4} and not set(writer.todo) & set(range(4))
        fill(writer, failing=failing)
        assert contents(writer.seal()) == contents(write(path.with_name("quiet.zarr"), spec, failing))
    assert "c.1.0.0.0.0" in caplog.text and "bytes differ" in caplog.text


def test_a_truncated_shard_of_the_previous_store_is_not_reused_and_says_so(path, caplog):
    write(path)
    shard = path / "features" / "c.1.0.0.0.0"
    os.truncate(shard, shard.stat().st_size - 1)
    with StoreWriter(path, path.with_suffix(".work"), make_spec(11)) as writer:
        assert writer.reused == 0 and len(writer.todo) == 11  # the last link is the same file
        fill(writer)
        writer.seal()
    assert "c.1.0.0.0.0" in caplog.text and "truncated" in caplog.text
    assert verify(path) == []
