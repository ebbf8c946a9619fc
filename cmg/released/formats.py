"""Where the field keeps released features: one zipped pickle per clip, one h5 of all clips, one npy per clip.

Each source gives a fingerprint and an array per row, and says which status a clip gets that has none. Files are
untrusted.
Formats: facts/datasets.md sections 1 (AVE), 2.4 (LLP) and 2.6 (CMG, CoDAAR).
"""

import hashlib
import lzma
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from cmg.files import file_digest, left_by_macos
from cmg.released.unpickle import RefusedPickle, load_array
from cmg.store.errors import StoreError

MAX_CLIP_BYTES = 64 * 2**20
MAX_MEMBERS = 16
MAX_NAME_BYTES = 200
EDGE = 65536
_FORBIDDEN = {"/", "\\", "\x7f", *map(chr, range(32))}


class ReleasedError(Exception):
    """A clip whose released features cannot be used."""

    def __init__(self, status: str, reason: str):
        super().__init__(reason)
        self.status, self.reason = status, reason


class Source(Protocol):
    """Released features of one dataset and modality."""

    @property
    def name(self) -> str:
        """The format, for the store's recipe."""

    def fingerprint(self, row: int, clip_id: str) -> str:
        """Text that changes with the clip's features; "" where there are none."""

    def read(self, row: int, clip_id: str) -> np.ndarray:
        """Features of one clip, as released; raises ``ReleasedError``."""


class _OneFilePerClip:
    """``<folder>/<clip id><suffix>``; an id is a file name here, so it may not be anything else."""

    def __init__(self, folder: Path, suffix: str):
        if not folder.is_dir():
            raise StoreError(f"{folder}: expected a folder of <clip id>{suffix} files, found none")
        self.folder, self.suffix = folder, suffix

    def file(self, clip_id: str) -> Path:
        """The clip's file; raises ``ReleasedError`` when it is missing, or when its id would lead elsewhere."""
        if clip_id in ("", ".", "..") or _FORBIDDEN & set(clip_id) or len(clip_id.encode()) > MAX_NAME_BYTES:
            raise ReleasedError("refused", f"the id {clip_id!r} is not a file name")
        file = self.folder / f"{clip_id}{self.suffix}"
        if not file.is_file():
            raise ReleasedError("missing", f"no file {file.name}")
        return file

    def fingerprint(self, row: int, clip_id: str) -> str:
        """Digest of size, first and last 64 KiB (a zip's end holds the checksum of what is in it)."""
        try:
            file = self.file(clip_id)
        except ReleasedError:
            return ""
        size = file.stat().st_size
        with file.open("rb") as handle:
            head = handle.read(EDGE)
            handle.seek(max(0, size - EDGE))
            return hashlib.sha256(b"%d\0" % size + head + handle.read(EDGE)).hexdigest()[:32]


class ZippedPickles(_OneFilePerClip):
    """CMG and CoDAAR: one zip per clip with a ``.pkl`` of one NumPy array (the last one counts)."""

    name = "zip of pickle"

    def __init__(self, folder: Path):
        super().__init__(folder, ".zip")

    def read(self, row: int, clip_id: str) -> np.ndarray:
        """Features of one clip as stored; ReleasedError (refused, malformed) names the file."""
        file = self.file(clip_id)
        try:
            return load_array(_last_pickle(file))
        except RefusedPickle as error:
            raise ReleasedError("refused", f"{file.name}: {error}") from error
        # RuntimeError: encrypted, unknown method
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, OSError) as error:
            raise ReleasedError("malformed", f"{file.name}: {error}") from error


class NumpyFiles(_OneFilePerClip):
    """LLP: one ``.npy`` per clip."""

    name = "npy"

    def __init__(self, folder: Path):
        super().__init__(folder, ".npy")

    def read(self, row: int, clip_id: str) -> np.ndarray:
        """Features of one clip as stored; ReleasedError (refused, malformed) names the file."""
        file = self.file(clip_id)
        try:
            mapped = np.load(file, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise ReleasedError("malformed", f"{file.name}: {error}") from error
        if not isinstance(mapped, np.ndarray) or mapped.nbytes > MAX_CLIP_BYTES:
            raise ReleasedError("malformed", f"{file.name}: expected one array of at most {MAX_CLIP_BYTES} bytes")
        return np.array(mapped)


class H5Rows:
    """AVE: dataset ``avadataset`` whose row i is annotation row i."""

    name = "h5"

    def __init__(self, file: Path, rows: int | None = None, key: str = "avadataset"):
        """rows: how many it must have. Raises StoreError."""
        import h5py  # only this source needs it

        if not file.is_file():
            raise StoreError(f"{file}: expected an h5 file with a dataset {key!r}, found no file")
        self._file = file
        opened = h5py.File(file, "r")
        if not isinstance(opened.get(key, getlink=True), h5py.HardLink) or not isinstance(opened[key], h5py.Dataset):
            raise StoreError(f"{file}: expected a dataset {key!r} inside the file, found {sorted(opened)}")
        self._data = opened[key]
        if self._data.is_virtual or self._data.external or self._data.dtype.kind not in "fiu":
            raise StoreError(
                f"{file}: expected numbers stored in the file itself, found {self._data.dtype} elsewhere or virtual"
            )
        if rows is not None and len(self._data) != rows:
            raise StoreError(f"{file}: expected {rows} rows, one per clip of the index, found {len(self._data)}")

    def __len__(self) -> int:
        return len(self._data)

    @cached_property
    def _digest(self) -> str:
        return file_digest(self._file)

    def fingerprint(self, row: int, clip_id: str) -> str:
        """Digest of the file, and the row."""
        return f"{self._digest[:24]}:{row}"

    def read(self, row: int, clip_id: str) -> np.ndarray:
        try:
            return self._data[row]
        except OSError as error:
            raise ReleasedError("malformed", f"row {row}: {error}") from error


def _last_pickle(file: Path) -> bytes:
    """Bytes of the last ``.pkl`` in a zip; names in the archive are compared, never used as paths. What macOS adds is
    passed over."""
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not left_by_macos(member.filename)]
        pickles = [member for member in members if member.filename.endswith(".pkl")]
        if len(members) > MAX_MEMBERS or not pickles:
            raise ReleasedError(
                "malformed",
                f"{file.name}: expected a .pkl among at most {MAX_MEMBERS} entries, found {len(members)} entries",
            )
        with archive.open(pickles[-1]) as handle:
            data = handle.read(MAX_CLIP_BYTES + 1)
    if len(data) > MAX_CLIP_BYTES:
        raise ReleasedError("malformed", f"{file.name}: more than {MAX_CLIP_BYTES} bytes when unpacked")
    return data
