"""One process at a time: POSIX locks, which the kernel drops when a process ends, however it ends, and its children
never hold."""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(Exception):
    """Another process is doing what was asked for; the message says which, where."""


def at_work(error: Exception) -> Busy:
    """What DVC's lock says of who holds it, in a line; a process that holds several outputs is named once."""
    lines = str(error).partition("\n\n")[0].splitlines()
    who = " ".join(dict.fromkeys(line.strip() for line in lines))
    return Busy(f"DVC is at work in this folder, or kept from it: {who}; wait until it has ended, or stop it")


@contextmanager
def claimed(file: Path, what: str) -> Iterator[None]:
    """Hold ``file``, a lock file, while ``what`` is done. Raises Busy when another process holds it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            handle.seek(0)
            raise Busy(
                f"{what}: {handle.read() or 'another process'} is doing it; wait until it has ended, or stop it"
            ) from error
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {platform.node()}")
        handle.flush()
        yield
