"""A store whose files are write-protected names of DVC's cache: whatever is done next to it writes to none of them."""

import ctypes
import os
import shutil

import numpy as np
import pytest

from cmg.store import FeatureStore
from cmg.store.writer import StoreWriter
from tests.store.samples import clip, contents, fill, make_spec, write

FAILING = {2: "missing", 9: "timeout"}


def as_owner(work):
    """Run in a process that write protection holds for, as for any owner of files: also where the tests are root's."""
    child = os.fork()
    if not child:
        try:
            drop_capabilities()
            work()
        except BaseException as error:  # a forked test must never go on
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def drop_capabilities():
    """capset(2) with none, for this process: among root's is the one to write into what is write-protected."""
    libc, version = ctypes.CDLL(None, use_errno=True), 0x20080522
    if libc.capset((ctypes.c_uint32 * 2)(version, 0), (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capset")


@pytest.fixture
def linked(tmp_path):
    """A store with failures, its work folder, and a cache with a second name of every file, as DVC makes them."""
    folder = tmp_path / "p"
    path = write(folder / "video.zarr", make_spec(10), FAILING)
    for number, file in enumerate(sorted(file for file in path.rglob("*") if file.is_file())):
        file.chmod(0o444)
        os.link(file, folder / f"cached-{number}")
    return path


def test_the_protection_holds(linked):
    assert as_owner(lambda: next(linked.parent.glob("cached-*")).write_bytes(b"")) == 1


def cached(path):
    return {file.name: file.read_bytes() for file in path.parent.glob("cached-*")}


@pytest.mark.parametrize("deleted", [True, False], ids=["deleted by DVC", "in its place"])
@pytest.mark.parametrize("retry_failed", [True, False])
def test_a_grown_store(linked, deleted, retry_failed):
    before = cached(linked)

    def grow():
        if deleted:
            shutil.rmtree(linked)
        with StoreWriter(linked, linked.with_suffix(".work"), make_spec(11), retry_failed=retry_failed) as writer:
            assert writer.todo == ([2, 9, 10] if retry_failed else [10])
            fill(writer)
            writer.seal()

    assert as_owner(grow) == 0
    assert cached(linked) == before
    np.testing.assert_array_equal(FeatureStore(linked).read([0, 10]), [clip(0), clip(10)])


def test_shards_that_were_taken_over_and_are_opened_again(linked):
    """A run that took whole shards and was stopped, then one that tries the failed clips in them."""
    before = cached(linked)

    def stopped():
        StoreWriter(linked, linked.with_suffix(".work"), make_spec(11)).__enter__()

    def retried():
        with StoreWriter(linked, linked.with_suffix(".work"), make_spec(11), retry_failed=True) as writer:
            fill(writer)
            writer.seal()

    assert as_owner(stopped) == as_owner(retried) == 0
    assert cached(linked) == before
    assert contents(linked) == contents(write(linked.parent / "fresh.zarr", make_spec(11)))


def test_removal(linked):
    assert as_owner(lambda: (shutil.rmtree(linked.with_suffix(".work")), shutil.rmtree(linked))) == 0
    assert not linked.exists() and len(cached(linked)) > 3
