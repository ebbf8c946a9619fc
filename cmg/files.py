"""Files that are there whole or not at all, their digests, and those that nobody meant to be there.

A temporary is named ``.NAME.PID.tmp``: neither DVC (.dvcignore) nor a receipt takes one that a killed process left for
content.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".*.tmp"  # pattern of these names


class BadFile(ValueError):
    """What a file of the project holds is not what was expected; the message says what was found, and what helps."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """The system's error without a file gets the name ``path``; what a library says where the disk is full becomes such
    an error."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:  # else it would lose its words
            error.filename = str(path)
        raise
    except Exception as error:
        if not _is_full(path.parent):
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error


def _is_full(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free < 1 << 16


@contextmanager
def replacing(path: Path, folder: Path | None = None) -> Iterator[Path]:
    """Write to the path that this gives: at the end the file, on disk, takes the name ``path``; after an error it is
    removed.

    folder: where the temporary lies, on the same file system; None: beside ``path``, whose folder is made where it is
    missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = (folder or path.parent) / f".{path.name}.{os.getpid()}.tmp"
    temporary.unlink(missing_ok=True)  # of a killed process with this number
    try:
        with naming(path):
            yield temporary
            with temporary.open("rb") as handle:
                os.fsync(handle.fileno())
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, folder: Path | None = None) -> None:
    """Write ``data`` under ``path``: a reader sees the old file or the whole new one. folder: as for ``replacing``."""
    with replacing(path, folder) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as indented JSON with sorted keys (deterministic bytes), atomically."""
    write_bytes(
        path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()
    )


def left_by_macos(path: str) -> bool:
    """Whether a path (`/` between its parts) is what macOS leaves beside files in archives and on other systems'
    disks."""
    return any(part == "__MACOSX" or part.startswith("._") or part == ".DS_Store" for part in path.split("/"))


def file_digest(path: Path, kind: str = "sha256") -> str:
    """SHA-256, or another digest of hashlib's, of a file's bytes, hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, kind).hexdigest()
