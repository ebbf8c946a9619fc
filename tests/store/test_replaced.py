"""Readers while a store is replaced by another one: what they get is of the store they opened, or an error."""

import multiprocessing
import shutil

import numpy as np
import pytest

from cmg.store import FeatureStore, StoreError, root
from cmg.store.writer import StoreWriter
from tests.store.samples import SHAPE, clip, make_spec, write


def test_a_reader_keeps_its_store_while_another_is_sealed_over_it(path):
    write(path)
    reader = FeatureStore(path)
    reader.read([0, 9])
    write(path, make_spec(recipe={"frames_per_second": 8}, ids=[f"new {row}" for row in range(10)]), {0: "missing"})
    np.testing.assert_array_equal(reader.read([0, 9]), [clip(0), clip(9)])
    assert FeatureStore(path).failures()[0].row == 0


def _version(number: int):
    """A specification whose ids and recipe name its version; every value of its features is the number."""
    return make_spec(ids=[f"{number}:{row}" for row in range(10)], recipe={"version": number})


def _seal_version(path, number: int) -> None:
    with StoreWriter(path, path.with_suffix(".work"), _version(number)) as writer:
        for row in writer.todo:
            writer.put(row, np.full(SHAPE, number, "f2"), 4)
        writer.seal()


def _read_versions(path, started, stop, queue):
    """Read rows of all three shards, until told to stop; tells versions seen, what opening refused, and
    contradictions."""
    seen, refused, wrong = set(), [], []
    while not stop.is_set():
        started.set()
        try:
            store = FeatureStore(path)
        except StoreError as error:
            refused.append(str(error))
            continue
        try:
            values = {store.attrs["recipe"]["version"], int(store.ids[9].split(":")[0])}
            values |= {int(value) for row in (0, 5, 9) for value in np.unique(store.read([row]))}
        except StoreError as error:
            values = {0} if "was replaced or deleted" in str(error) else {str(error)}
        seen |= values
        if len(values) != 1:
            wrong.append(values)
    queue.put((seen, refused, wrong))


def test_a_reader_during_replacing_opens_the_old_store_or_the_new_one_and_never_mixes_them(path):
    _seal_version(path, 0)
    context = multiprocessing.get_context("fork")
    started, stop, queue = context.Event(), context.Event(), context.Queue()
    reader = context.Process(target=_read_versions, args=(path, started, stop, queue))
    reader.start()
    assert started.wait(timeout=60)
    for number in range(1, 40):
        _seal_version(path, number)
    stop.set()
    seen, refused, wrong = queue.get(timeout=60)
    reader.join()
    assert refused == wrong == [] and len(seen) > 1 and all(isinstance(value, int) for value in seen)


def test_a_store_that_is_replaced_after_its_root_was_read_is_opened_anew(path, monkeypatch):
    """The old root does not fit the new files: not a truncated store."""
    new, sizes = write(path.with_name("new.zarr"), failing={2: "missing"}), root.file_problems
    write(path)

    def replaced_before(*args, **options):
        if new.exists():
            shutil.rmtree(path)
            new.rename(path)
        return sizes(*args, **options)

    monkeypatch.setattr(root, "file_problems", replaced_before)
    assert FeatureStore(path).failures()[0].row == 2


def test_a_store_that_is_away_for_a_moment_is_waited_for(path, monkeypatch):
    new = write(path.with_name("new.zarr"))
    monkeypatch.setattr(root.time, "sleep", lambda seconds: new.exists() and new.rename(path))
    assert len(FeatureStore(path)) == 10


@pytest.mark.parametrize("read", [lambda store: store.read([5]), lambda store: store.ids])
def test_what_was_not_read_before_the_store_was_replaced_is_refused(path, read):
    """Shards are mapped, and ids read, when they are first asked for: by then another store may stand there."""
    _seal_version(path, 1)
    store = FeatureStore(path)
    assert (store.read([0]) == 1).all()
    _seal_version(path, 2)
    with pytest.raises(StoreError, match="was replaced or deleted since it was opened"):
        read(store)
    assert (store.read([0]) == 1).all()
