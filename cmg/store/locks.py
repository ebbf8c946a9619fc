"""One writer per shard: POSIX byte-range locks on one file, byte k for shard k.

The kernel drops them when a process ends, however it ends, and forked children do not inherit them.
"""

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path

from cmg.store.errors import StoreError


@dataclass
class _Held:
    """Locks of this process on one file; one descriptor, since closing any would drop the locks of all."""

    descriptor: int
    process: int
    claims: list[frozenset[int] | None] = field(default_factory=list)


_HELD: dict[str, _Held] = {}


class ShardLocks:
    """Exclusive claim on shards (None: all of them, also those of other specifications) until ``release``.

    Raises:
        StoreError: a writer of this or another process holds one of them.
    """

    def __init__(self, file: Path, shards: frozenset[int] | None):
        self.name, self.shards = os.path.realpath(file), shards
        held = _held(self.name)
        if any(_overlap(shards, claim) for claim in held.claims):
            raise _conflict(self.name, "another writer in this process")
        held.claims.append(shards)
        try:
            for start, length in _ranges(shards):
                fcntl.lockf(held.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except (BlockingIOError, PermissionError) as error:
            self.release()
            raise _conflict(self.name, "another process") from error

    def release(self) -> None:
        """Give the shards back."""
        held = _HELD[self.name]
        held.claims.remove(self.shards)
        for start, length in _ranges(self.shards):
            fcntl.lockf(held.descriptor, fcntl.LOCK_UN, length, start)
        if not held.claims:
            os.close(held.descriptor)
            del _HELD[self.name]


def _held(name: str) -> _Held:
    held = _HELD.get(name)
    if held is None or held.process != os.getpid():
        held = _HELD[name] = _Held(os.open(name, os.O_RDWR | os.O_CREAT, 0o644), os.getpid())
    return held


def _overlap(one: frozenset[int] | None, other: frozenset[int] | None) -> bool:
    return one is None or other is None or bool(one & other)


def _ranges(shards: frozenset[int] | None) -> list[tuple[int, int]]:
    return [(0, 0)] if shards is None else [(shard, 1) for shard in sorted(shards)]


def _conflict(name: str, who: str) -> StoreError:
    return StoreError(
        f"{name}: {who} is writing these shards; wait for it to end, or give each process its own --shard i/n"
    )
