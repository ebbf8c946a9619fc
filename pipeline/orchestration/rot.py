"""Objects of DVC's cache that are no longer what their name says. DVC trusts their times, and would restore them as
they are."""

import os
from pathlib import Path

from dvc.repo import Repo

from cmg.files import file_digest


def objects(repo: Repo) -> list[Path]:
    """Every file of the local cache that is named by the MD5 of its bytes."""
    return sorted(file for file in Path(repo.cache.local.path).glob("[0-9a-f][0-9a-f]/*") if file.is_file())


def remove_rotten(file: Path) -> bool:
    """Remove an object whose bytes are not those of its name; whether it was.

    A hard link to it in the project gets another time, so that DVC reads that one again, too.
    """
    if file_digest(file, "md5") == file.parent.name + file.name.removesuffix(".dir"):
        return False
    os.utime(file)
    file.unlink()
    return True
