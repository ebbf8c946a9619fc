"""What a killed process left half-written among the tools' own files, found and mended.

Everything of ours is written whole or not at all. DVC writes two files in place, ``.dvc/tmp/rwlock`` (who reads and
writes what) and ``dvc.lock``, and Snakemake leaves its lock. Whoever holds DVC's lock and ours knows that nobody alive
is at these files.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.lock import LockError, make_lock
from dvc.repo import Repo, lock_repo
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK, SCHEMA
from voluptuous import Invalid

from cmg.files import write_bytes
from cmg.store.integrity import check
from cmg.store.root import ROOT
from pipeline import disk
from pipeline.orchestration import dvclock
from pipeline.orchestration.claims import Busy

SNAKEMAKE_LOCKS = Path(".snakemake/locks")


@contextmanager
def locked() -> Iterator[Repo]:
    """The project as DVC knows it, with DVC's lock held. Raises Busy while a DVC command holds it."""
    with Repo(".") as repo:
        try:
            with lock_repo(repo):
                yield repo
        except LockError as error:
            raise Busy("DVC is at work in this folder; wait until it has ended, or stop it") from error


def recover(repo: Repo) -> list[str]:
    """Mend what is mendable; a line for each. The caller holds the claim on Snakemake and DVC's lock."""
    return [*_rwlock(repo), *dvclock.mend(repo), *_incomplete_stores(repo), *_snakemake()]


def _rwlock(repo: Repo) -> Iterator[str]:
    """Remove a cut file, and owners that are dead though their number is another process's by now."""
    file = Path(repo.tmp_dir) / RWLOCK_FILE
    shown = file.relative_to(repo.root_dir)
    with make_lock(
        str(file.with_name(RWLOCK_LOCK)),
        tmp_dir=repo.tmp_dir,
        hardlink_lock=repo.config["core"].get("hardlink_lock", False),
    ):
        try:
            found = SCHEMA(json.loads(file.read_bytes()))
        except FileNotFoundError:
            return
        except (ValueError, Invalid):
            file.unlink()
            yield f"{shown}: damaged; removed"
            return
        read = {
            path: alive
            for path, owners in found["read"].items()
            if (alive := [owner for owner in owners if _alive(owner)])
        }
        kept = {"write": {path: owner for path, owner in found["write"].items() if _alive(owner)}, "read": read}
        if kept != found:
            write_bytes(file, json.dumps(kept).encode())
            yield f"{shown}: locks of dead processes removed"


def _alive(owner: dict[str, Any]) -> bool:
    """Whether the process of this number is the command that took the lock, ``cmd``: the words of its ``sys.argv``."""
    try:
        running = (
            Path(f"/proc/{owner['pid']}/cmdline")
            .read_bytes()
            .rstrip(b"\0")
            .replace(b"\0", b" ")
            .decode(errors="replace")
        )
    except (FileNotFoundError, ProcessLookupError):
        return False
    program, _, arguments = owner["cmd"].partition(" ")
    name = Path(program).parent.name if Path(program).stem == "__main__" else Path(program).name
    return name in running and running.endswith(arguments)


def _incomplete_stores(repo: Repo) -> Iterator[str]:
    """Stores that were recorded without a file that their seal names: no stores any more, neither here nor in DVC's
    cache."""
    for out in (out for stage in repo.index.stages for out in stage.outs if out.fs_path.endswith(".zarr")):
        store = Path(out.fs_path)
        problem = next(iter(check(store, checksums=False)), None) if (store / ROOT).is_file() else None
        if problem and out.hash_info and not out.changed():
            disk.remove(Path(out.cache.oid_to_path(out.hash_info.value)))
            (store / ROOT).unlink()
            yield f"{store.relative_to(repo.root_dir)}/{problem}; recorded so: it is made again"


def _snakemake() -> Iterator[str]:
    if SNAKEMAKE_LOCKS.is_dir() and any(SNAKEMAKE_LOCKS.iterdir()):
        disk.remove(SNAKEMAKE_LOCKS)
        yield f"{SNAKEMAKE_LOCKS}: left by a dead Snakemake; removed"
