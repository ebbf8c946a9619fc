"""The faults. Each gets a round whose project has forgotten some stages, and leaves it for ``Round.complete``."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.campaign.round import Round
from tests.e2e import miniature

SMALL = 1 << 31  # bytes of the disk that rounds work on
LONGEST = 25  # seconds after which a tool is killed at the latest
READ = """
import sys
from pathlib import Path
from cmg.store import FeatureStore, StoreError
wrong = reads = absent = 0
expected = FeatureStore(Path(sys.argv[2])).read(range(len(FeatureStore(Path(sys.argv[2])))))
while not Path("stop").exists():
    try:
        store = FeatureStore(Path(sys.argv[1]))
        wrong += not (store.read(range(len(store))) == expected).all()
        reads += 1
    except StoreError as error:
        absent += 1
        wrong += "truncated" in str(error) or "damaged" in str(error)
print(reads, absent, wrong)
"""


def kill(found: Round) -> None:
    """SIGKILL at any moments, up to sixteen in a row."""
    for _ in range(found.draw.randint(3, 16)):
        _kill(found)


def _kill(found: Round) -> None:
    """Of everything, of the tool alone, whose jobs go on, or of one process below it (a worker, a rank)."""
    process = found.start()
    time.sleep(found.draw.uniform(0.5, LONGEST))
    kind = found.draw.choice(("group", "tool", "child"))
    running = process.poll() is None
    if kind == "group" or not running:
        miniature.kill(process)
    else:
        below = psutil.Process(process.pid).children(recursive=True)
        chosen = process.pid if kind == "tool" or not below else found.draw.choice(below).pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(chosen, signal.SIGKILL)
        process.wait() if kind == "tool" else _wait(process)
    found.counts[f"kills of the {kind}"] += running
    found.counts["kills"] += running


def cut(found: Round) -> None:
    """What a kill leaves of the files that DVC writes in place, made by hand, as such a moment is short."""
    lock = found.folder / found.draw.choice(("dvc.lock", ".dvc/tmp/rwlock"))
    data = lock.read_bytes() if lock.exists() else b'{"write": {"/x": {"pid": 1, "cmd": "dvc repro"}}}'
    lock.write_bytes(data[: found.draw.randrange(len(data))])
    locks = found.folder / ".snakemake/locks"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "0.input.lock").touch()


def pair(found: Round) -> None:
    """Two tools at once: the second is refused, or waits; the first goes on."""
    first, second = (found.start() for _ in range(2))
    for process in (first, second):
        _wait(process)


def deletion(found: Round) -> None:
    """Outputs and unfinished work deleted, also while a tool runs."""
    outputs = sorted(out for outs in found.outputs().values() for out in outs)
    process = found.start()
    time.sleep(found.draw.uniform(0.5, LONGEST / 2))
    for path in found.draw.sample(outputs, 3):
        found.remove(path)
    miniature.kill(process)
    if found.draw.random() < 0.5:
        found.remove("data/.work")


def full_disk(found: Round) -> None:
    """No room but for some kilobytes while a tool runs; then the room is back."""
    filler, disk = found.folder / ".filler.tmp", os.statvfs(found.folder)
    assert disk.f_blocks * disk.f_frsize <= SMALL, "not on a disk that others use"
    with filler.open("wb") as file:
        os.posix_fallocate(
            file.fileno(), 0, max(1, disk.f_bavail * disk.f_frsize - found.draw.randrange(1 << 10, 1 << 22))
        )
    found.counts["runs on a full disk that failed"] += not found.run(*found.tool())
    filler.unlink()


def rot(found: Round) -> None:
    """One byte of an output flipped, its time kept: whoever reads it says so; then it is removed, as that error
    says."""
    file = found.some_file("data/features/**/*", "data/index/*", "data/checkpoints/**/*", "data/codes/*", "data/toc/*")
    _flip(found, file)
    found.counts["rot that a tool named"] += not found.run(*found.tool())
    output = next(out for outs in found.outputs().values() for out in outs if file.is_relative_to(found.folder / out))
    found.remove(output)
    found.run("pipeline", "verify", "--cache")  # which may have shared it, by a link


def rotten_cache(found: Round) -> None:
    """One byte of an object in DVC's cache flipped, its time kept."""
    _flip(found, found.some_file(".dvc/cache/files/md5/*/*"))
    found.counts["rotten objects not found"] += found.run("pipeline", "verify", "--cache")


def readers(found: Round) -> None:
    """A store is read all the while it is replaced."""
    store, twin = "data/features/ave/audio.zarr", str(found.folder.parent / "reference/data/features/ave/audio.zarr")
    command = [sys.executable, "-c", READ, store, twin]
    reader = subprocess.Popen(command, cwd=found.folder, env=miniature.environment(), stdout=subprocess.PIPE, text=True)
    for _ in range(3):
        found.run("pipeline", "features", "ave", "audio")
    (found.folder / "stop").touch()
    reads, absent, wrong = map(int, reader.communicate()[0].split())
    found.counts.update({"reads during replacement": reads, "reads refused then": absent, "wrong reads": wrong})


def _flip(found: Round, file: Path) -> None:
    """Under all of its names: an output and DVC's cache are one file where links are the project's, and rot
    together."""
    before = file.stat()
    found.counts["rotten files with links"] += before.st_nlink > 1
    file.chmod(0o644)
    with file.open("r+b") as handle:
        handle.seek(place := found.draw.randrange(before.st_size))
        byte = handle.read(1)[0]
        handle.seek(place)
        handle.write(bytes([byte ^ 1 << found.draw.randrange(8)]))
    file.chmod(before.st_mode)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _wait(process: subprocess.Popen, limit: float = 1500) -> None:
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        miniature.kill(process)
        raise


FAULTS = {
    fault.__name__: weight
    for fault, weight in {
        kill: 10,
        cut: 2,
        pair: 1,
        deletion: 2,
        full_disk: 2,
        rot: 2,
        rotten_cache: 1,
        readers: 1,
    }.items()
}
