"""Files and folders of the stages: removal, and digests of their content; what writes them is in `cmg.files`."""

import errno
import hashlib
import os
import shutil
from pathlib import Path

from cmg.files import TEMPORARY, file_digest
from cmg.store.root import open_root


class LinkedFolder(Exception):
    """A folder of outputs that is a link to another place."""


def unlinked(*outputs: Path) -> None:
    """Raise LinkedFolder where an output, or a folder around it, is a link to a folder.

    Outputs are made beside and moved into place whole, which no two disks can do, and DVC records none behind a link
    out of the project.
    """
    around = {folder for path in outputs for folder in (path, *path.parents)}
    for folder in sorted(around, key=lambda folder: len(folder.parts)):  # the outermost link is the one to mend
        if folder.is_symlink() and folder.is_dir():
            raise LinkedFolder(
                f"{folder}: a link to another place; "
                "make it a folder: the project lies on one disk (docs/reliability.md)"
            )


def remove(path: Path) -> None:
    """Remove a file or folder if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def present(*wanted: Path) -> None:
    """Raise FileNotFoundError, naming the path, where one is absent."""
    for path in wanted:
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path.as_posix())


def digest(path: Path) -> str:
    """SHA-256 that stands for a path's content.

    A file: its bytes. A feature store: its sealed root ``zarr.json``, which holds size and checksum of every other
    file; the sizes are compared. Any other folder: relative name and bytes of each file in it but temporaries, in
    sorted order.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        StoreError: a store there is not sealed, or lacks a file or a part of one.
    """
    if path.suffix == ".zarr" and path.is_dir():
        return open_root(path).digest
    if not path.is_dir():
        return file_digest(path)
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and not p.match(TEMPORARY)):
        total.update(f"{file.relative_to(path).as_posix()}\0{file_digest(file)}\n".encode())
    return total.hexdigest()
