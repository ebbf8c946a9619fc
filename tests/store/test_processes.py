"""Several processes at one store: one writer per shard, parts at the same time, nothing to read before it is sealed."""

import multiprocessing

import pytest

from cmg.store import FeatureStore, StoreError
from cmg.store.writer import StoreWriter
from tests.store.samples import contents, fill, make_spec, write


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


def _write_part(path, part, barrier):
    with StoreWriter(path, path.with_suffix(".work"), make_spec(23), part=part) as writer:
        barrier.wait(timeout=60)
        fill(writer, failing={5: "missing"})


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_parts_in_processes_at_the_same_time_give_the_bytes_of_one_writer(path, method):
    context = multiprocessing.get_context(method)
    barrier = context.Barrier(3)  # all have opened the store before any puts a clip
    parts = [context.Process(target=_write_part, args=(path, (number, 3), barrier)) for number in (1, 2, 3)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
        assert part.exitcode == 0
    with StoreWriter(path, path.with_suffix(".work"), make_spec(23)) as writer:
        assert writer.todo == []
        assert contents(writer.seal()) == contents(write(path.with_name("quiet.zarr"), make_spec(23), {5: "missing"}))
