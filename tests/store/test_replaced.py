"""Readers while a store is replaced by another one: what they get is of the store they opened, or an error."""

import multiprocessing

import numpy as np
import pytest

from cmg.store import FeatureStore, StoreError, StoreWriter
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
    """Read rows of all three shards, one after another, until told to stop; tells versions seen, refusals, and what contradicts itself."""
    seen, refused, wrong = set(), 0, []
    while not stop.is_set():
        started.set()
        try:
            store = FeatureStore(path)
            values = {store.attrs["recipe"]["version"], int(store.ids[9].split(":")[0])}
            values |= {int(value) for row in (0, 5, 9) for value in np.unique(store.read([row]))}
        except StoreError:
            refused += 1
            continue
        seen |= values
        if len(values) != 1:
            wrong.append(values)
    queue.put((seen, refused, wrong))


def test_a_reader_during_writing_and_replacing_never_mixes_two_stores(path):
    context = multiprocessing.get_context("fork")
    started, stop, queue = context.Event(), context.Event(), context.Queue()
    reader = context.Process(target=_read_versions, args=(path, started, stop, queue))
    reader.start()
    assert started.wait(timeout=60)
    for number in range(40):
        _seal_version(path, number)
    stop.set()
    seen, _, wrong = queue.get(timeout=60)
    reader.join()
    assert wrong == [] and len(seen) > 1


@pytest.mark.parametrize("read", [lambda store: store.read([5]), lambda store: store.ids, lambda store: store.valid])
def test_what_was_not_read_before_the_store_was_replaced_is_refused(path, read):
    """Shards are mapped, and ids read, when they are first asked for: by then another store may stand there."""
    _seal_version(path, 1)
    store = FeatureStore(path)
    assert (store.read([0]) == 1).all()
    _seal_version(path, 2)
    with pytest.raises(StoreError, match="was replaced or deleted since it was opened"):
        read(store)
    assert (store.read([0]) == 1).all()
