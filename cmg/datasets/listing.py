"""The listing of a dataset root: which files are there, how large, and a quick fingerprint of their content.

It is the only media dependency of `index`: terabytes are never hashed, yet a changed file is noticed when it is opened.
"""

import csv
import hashlib
import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cmg.datasets.safety import safe_join, visible, why_unsafe_id
from cmg.files import left_by_macos, write_bytes

BLOCK = 64 * 1024  # bytes read at the beginning, in the middle and at the end of a file
HEADER = ["path", "bytes", "fingerprint"]


class FileChanged(RuntimeError):
    """A file is not the one that was listed."""


class BadListing(ValueError):
    """A listing file that cannot be read as one."""


@dataclass(frozen=True)
class Entry:
    """One file: path relative to the root (`/` separated), size, fingerprint (32 hex digits; "" in a names-only
    scan)."""

    path: str
    bytes: int
    fingerprint: str


@dataclass(frozen=True)
class Listing:
    """Entries sorted by path, and what was found but refused: (path, reason)."""

    entries: tuple[Entry, ...]
    refused: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @cached_property
    def by_path(self) -> dict[str, Entry]:
        """Entries by path."""
        return {entry.path: entry for entry in self.entries}

    def get(self, path: str) -> Entry | None:
        """The entry at this exact path, or None."""
        return self.by_path.get(path)

    @cached_property
    def folders(self) -> dict[str, tuple[Entry, ...]]:
        """Entries by the folder that holds them (`.` for the root)."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.path.rpartition("/")[0] or ".", []).append(entry)
        return {folder: tuple(entries) for folder, entries in found.items()}


def fingerprint(path: Path, size: int | None = None) -> str:
    """First 32 hex digits of SHA-256 over the size (decimal, newline) and the first, middle and last 64 KiB.

    A file of at most 192 KiB is read whole. Raises OSError as `open` does.
    """
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size if size is None else size
        digest = hashlib.sha256(f"{size}\n".encode())
        if size <= 3 * BLOCK:
            digest.update(stream.read())
        else:
            for offset in (0, (size - BLOCK) // 2, size - BLOCK):
                stream.seek(offset)
                digest.update(stream.read(BLOCK))
    return digest.hexdigest()[:32]


def combined(fingerprints: Iterable[str]) -> str:
    """One fingerprint for several files in order; "" when any of them is unknown."""
    parts = list(fingerprints)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32] if all(parts) else ""


def check_root(root: Path) -> Path:
    """The root. Raises FileNotFoundError when it is not a folder."""
    if not Path(root).is_dir():
        raise FileNotFoundError(
            f"{root}: expected the folder of a dataset, found none; see docs/datasets.md, or set CMG_DATA"
        )
    return Path(root)


def scan(root: Path, progress: Callable[[int, str], object] | None = None, content: bool = True) -> Listing:
    """List every file below `root`. `progress(files so far, path)` is called per file; `content=False` lists names and
    sizes only.

    Links that leave the root, linked folders, special files and names that are not safe are refused and reported, not
    listed; what macOS leaves beside files is passed over.
    Raises FileNotFoundError when the root is not a folder.
    """
    root = check_root(root)
    entries: list[Entry] = []
    refused: list[tuple[str, str]] = []
    for path, problem in _walk(root):
        if problem is None:
            full = root / path
            size = full.stat().st_size
            entries.append(Entry(path, size, fingerprint(full, size) if content else ""))
        else:
            refused.append((visible(path), problem))
        if progress is not None:
            progress(len(entries), visible(path))
    return Listing(tuple(sorted(entries, key=lambda entry: entry.path)), tuple(sorted(refused)))


def write_listing(path: Path, listing: Listing) -> None:
    """Write `path,bytes,fingerprint` rows sorted by path; atomic, deterministic bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(
        (entry.path, entry.bytes, entry.fingerprint) for entry in sorted(listing.entries, key=lambda entry: entry.path)
    )
    write_bytes(Path(path), text.getvalue().encode("utf-8"))


def read_listing(path: Path) -> Listing:
    """The listing in a file that `write_listing` wrote. Raises BadListing when it is not one."""
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadListing(
            f"{path}: expected a csv file in UTF-8, found {error}; run `python -m pipeline scan` again"
        ) from error
    if not rows or rows[0] != HEADER:
        raise BadListing(
            f"{path}: expected the header {','.join(HEADER)!r}, found {rows[:1]}; run `python -m pipeline scan` again"
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 3 or not row[1].isdecimal():
            raise BadListing(
                f"{path}: line {number}: expected path, bytes and fingerprint, found {row}; "
                "run `python -m pipeline scan` again"
            )
    return Listing(tuple(Entry(row[0], int(row[1]), row[2]) for row in rows[1:]))


def check_file(root: Path, entry: Entry) -> Path:
    """The file to open for `entry`, after checking that it is still the one listed.

    Raises FileChanged when it is gone or differs, UnsafePath when it leads out of the root.
    """
    full = safe_join(root, entry.path)
    if not full.is_file():
        raise FileChanged(f"{entry.path}: listed, but not found below {root}; run `python -m pipeline scan` again")
    size = full.stat().st_size
    if size != entry.bytes:
        raise FileChanged(
            f"{entry.path}: expected {entry.bytes} bytes as listed, found {size}; run `python -m pipeline scan` again"
        )
    return check_fingerprint(root, entry.path, entry.fingerprint)


def check_fingerprint(root: Path, path: str, expected: str) -> Path:
    """As `check_file`, for a path and fingerprint from the clip index. An empty fingerprint (names-only scan) is not
    compared."""
    full = safe_join(root, path)
    if not full.is_file():
        raise FileChanged(f"{path}: indexed, but not found below {root}; run `python -m pipeline scan` again")
    found = fingerprint(full) if expected else expected
    if found != expected:
        raise FileChanged(
            f"{path}: expected fingerprint {expected} as listed, found {found}; run `python -m pipeline scan` again"
        )
    return full


def check_combined(root: Path, paths: Sequence[str], expected: str) -> None:
    """As `check_fingerprint`, for files that share one `combined` fingerprint. Raises FileChanged when one is gone or
    differs."""
    files = [check_fingerprint(root, path, "") for path in paths]
    found = combined(map(fingerprint, files)) if expected else expected
    if found != expected:
        raise FileChanged(
            f"{paths[0]} and {len(paths) - 1} more files: "
            f"expected the fingerprint {expected} of all as listed, found {found}; run `python -m pipeline scan` again"
        )


def _walk(root: Path) -> Iterator[tuple[str, str | None]]:
    """Relative paths below root with the reason why a path is refused, or None."""

    def fail(error: OSError) -> None:
        raise error

    for folder, names, files in os.walk(root, onerror=fail):
        names[:] = sorted(name for name in names if not left_by_macos(name))
        base = os.path.relpath(folder, root)
        prefix = "" if base == "." else f"{base}/"
        for name in [name for name in names if why_unsafe_id(name) or os.path.islink(os.path.join(folder, name))]:
            names.remove(name)
            yield (
                f"{prefix}{name}",
                why_unsafe_id(name) or "is a link to a folder; link the files, or place the folder here",
            )
        for name in sorted(name for name in files if not left_by_macos(name)):
            yield f"{prefix}{name}", why_unsafe_id(name) or _why_not_regular(root, os.path.join(folder, name))


def _why_not_regular(root: Path, full: str) -> str | None:
    target = Path(full).resolve()
    if not target.is_relative_to(root.resolve()):
        return "is a link that leaves the root"
    if not target.exists():
        return "is a broken link"
    return None if stat.S_ISREG(target.stat().st_mode) else "is not a regular file"
