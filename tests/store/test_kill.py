"""SIGKILL at every step: nothing finished is computed again, nothing wrong is served, the bytes are those of a quiet
run."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cmg.store.writer import StoreWriter
from tests.store.samples import contents, fill, make_spec, write

FAILING = {2: "missing", 6: "no_audio"}
SLOW = """
import sys, time
from pathlib import Path
from cmg.store.writer import StoreWriter
from tests.store.samples import fill, make_spec
path = Path(sys.argv[1])
writer = StoreWriter(path, path.with_suffix(".work"), make_spec(60))
for row in writer.todo:
    fill(writer, [row])
    print(row, flush=True)
    time.sleep(0.01)
"""


def test_killed_process_resumes_at_the_clip(path):
    spec, root = make_spec(60), Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(path)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        printed = [process.stdout.readline() for _ in range(30)]
        process.kill()
        printed += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    done = {int(line) for line in printed}
    with StoreWriter(path, path.with_suffix(".work"), spec) as writer:
        put = fill(writer)
        assert not done & set(put) and 60 - len(done) - 1 <= len(put) <= 60 - len(done)
        resumed = contents(writer.seal())
    assert resumed == contents(write(path.with_name("quiet.zarr"), spec))


STEPS = [
    *((os, name) for name in ("pwrite", "write", "replace", "rename", "link", "ftruncate", "fsync")),
    (shutil, "rmtree"),
]


def _run_until(path, spec, die_at: int, retry: bool):
    """Write and seal; SIGKILL this process just before (odd) or just after (even) the ``die_at // 2``-th file
    operation."""
    count = 0

    def deadly(real):
        def step(*args, **kwargs):
            nonlocal count
            count += 1
            if 2 * count - 1 == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*args, **kwargs)
            if 2 * count == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return step

    for module, name in STEPS:
        setattr(module, name, deadly(getattr(module, name)))
    write(path, spec, FAILING, retry_failed=retry)


def _kill_everywhere(path, spec, prepare, stride: int, retry: bool = False) -> int:
    """Run from ``prepare(path)`` with a kill at every ``stride``-th point, then finish; returns the number of kills."""
    context = multiprocessing.get_context("fork")
    prepare(path)
    quiet = contents(write(path, spec, FAILING, retry_failed=retry))
    kills, die_at = 0, 1
    while True:
        for folder in (path, path.with_suffix(".work")):
            shutil.rmtree(folder, ignore_errors=True)
        prepare(path)
        process = context.Process(target=_run_until, args=(path, spec, die_at, retry))
        process.start()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            assert process.exitcode == 0
            return kills
        kills, die_at = kills + 1, die_at + stride
        assert contents(write(path, spec, FAILING, retry_failed=retry)) == quiet, f"killed at step {die_at - stride}"


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_killed_at_any_file_operation(path, compression):
    spec = make_spec(7, compression=compression)
    assert _kill_everywhere(path, spec, lambda path: None, stride=7) > 15


def test_killed_at_any_file_operation_while_reusing(path):
    """The previous store has one whole shard to link and one open one; its files must not change either."""
    assert _kill_everywhere(path, make_spec(7), lambda path: write(path, make_spec(6), FAILING), stride=7) > 15


def test_killed_at_any_file_operation_while_retrying_failures(path):
    """A writer has linked a shard with a failure; the next one opens it again."""
    spec = make_spec(7)

    def prepare(path):
        write(path, spec, {0: "timeout", **FAILING})
        StoreWriter(path, path.with_suffix(".work"), spec).close()

    assert _kill_everywhere(path, spec, prepare, stride=11, retry=True) > 10
