"""Read a sealed feature store: by rows or clip ids, from memory-mapped shards, in any number of processes.

Axes: N clips of the store, n rows asked for, then the shape of one clip (T seconds, H W 7x7, C channels).
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cmg.store.errors import StoreError
from cmg.store.files import parse_json, read_json
from cmg.store.metadata import chunk_name, sealed_attributes
from cmg.store.schema import Layout, decode_text
from cmg.store.shards import ShardFile

T = TypeVar("T")


@dataclass(frozen=True)
class Failure:
    """A row without features: ``status`` is a name of ``schema.STATUS`` other than ``ok``; ``reason`` is known to the writer only."""

    row: int
    clip_id: str
    status: str
    reason: str = ""


class FeatureStore:
    """A sealed store, read-only.

    Safe after fork (shards are read-only maps) and for spawned workers (pickles as its path and digest).

    Attributes:
        attrs: attributes of the root group (recipe, weights digest, counts by status, checksums …).
        shape, dtype: of one clip's features.

    Raises:
        StoreError: nothing there, not sealed yet, edited after sealing, or a shard whose size is not the recorded one; while
            reading, when another store stands there and what is asked for was not opened before.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        root = read_root(self.path)
        self.attrs, self.digest = _attributes(root, self.path), hashlib.sha256(root).hexdigest()
        self.shape = tuple(self.attrs["clip_shape"])
        self.dtype = np.dtype(self.attrs["dtype"])
        self.layout = Layout(self.attrs["clips_per_shard"], self.shape, self.attrs["dtype"], self.attrs["compression"])
        self._shards: dict[int, ShardFile] = {}
        check_sizes(self.path, self.attrs)

    def __len__(self) -> int:
        return self.attrs["clips"]

    def __getstate__(self) -> tuple[Path, str]:
        return self.path.absolute(), self.digest

    def __setstate__(self, state: tuple[Path, str]) -> None:
        path, digest = state
        self.__init__(path)
        if self.digest != digest:
            raise StoreError(f"{path}: the store was replaced since it was handed to this process; open it again")

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Features ``[n, *shape]`` of ``rows``, in their order; zeros where a row failed."""
        rows = self._checked(rows)
        out = np.empty((len(rows), *self.shape), self.dtype)
        self._gather(rows, out)
        return out

    def read_into(self, rows: Sequence[int] | np.ndarray, out: np.ndarray) -> np.ndarray:
        """``read`` into ``out`` (same shape; its dtype must hold the store's without loss)."""
        rows = self._checked(rows)
        if out.shape != (len(rows), *self.shape) or not np.can_cast(self.dtype, out.dtype):
            raise StoreError(f"{self.path}: expected an array {(len(rows), *self.shape)} for {self.dtype}, found {out.shape} {out.dtype}")
        self._gather(rows, out)
        return out

    @cached_property
    def valid(self) -> np.ndarray:
        """int32 [N]: seconds (words) with content; 0 where a row failed."""
        return self._small("valid")

    @cached_property
    def status(self) -> np.ndarray:
        """uint8 [N]: codes of ``attrs["status_codes"]``; 0 is ok."""
        return self._small("status")

    @cached_property
    def ids(self) -> list[str]:
        """Clip ids in row order; may repeat."""
        return decode_text(self._small("ids"))

    @cached_property
    def fingerprints(self) -> list[str]:
        """Clip fingerprints in row order."""
        return decode_text(self._small("fingerprint"))

    def status_of(self, row: int) -> str:
        """Status name of a row."""
        return self._status_names[int(self.status[row])]

    def failures(self) -> list[Failure]:
        """Rows without features, in row order."""
        return [Failure(row, self.ids[row], self.status_of(row)) for row in np.flatnonzero(self.status).tolist()]

    def rows_of(self, ids: Sequence[str]) -> np.ndarray:
        """int64 [n] rows of clip ids.

        Where an id repeats, its first row: allowed only while all its rows have the same fingerprint, so that they hold the same features.

        Raises:
            StoreError: an id is not in the store, or stands for different clips.
        """
        return np.array([self._row_of(clip_id) for clip_id in ids], np.int64)

    def _row_of(self, clip_id: str) -> int:
        rows = self._rows_by_id.get(clip_id)
        if not rows:
            raise StoreError(f"{self.path}: clip {clip_id!r} is not among its {len(self)} clips")
        if len({self.fingerprints[row] for row in rows}) > 1:
            raise StoreError(f"{self.path}: clip id {clip_id!r} stands for different clips (rows {rows}); ask by row")
        return rows[0]

    @cached_property
    def _rows_by_id(self) -> dict[str, list[int]]:
        rows = defaultdict(list)
        for row, clip_id in enumerate(self.ids):
            rows[clip_id].append(row)
        return dict(rows)

    @cached_property
    def _status_names(self) -> dict[int, str]:
        return {code: name for name, code in self.attrs["status_codes"].items()}

    def _checked(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        rows = np.asarray(rows)
        if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
            raise StoreError(f"{self.path}: expected a list of row numbers, found {rows.dtype} of shape {rows.shape}")
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self):
            raise StoreError(f"{self.path}: expected rows 0 to {len(self) - 1}, found {rows.min()} to {rows.max()}")
        return rows

    def _gather(self, rows: np.ndarray, out: np.ndarray) -> None:
        for place, row in enumerate(rows.tolist()):
            shard, slot = divmod(row, self.layout.slots)
            self.shard(shard).copy_to(slot, out[place])

    def shard(self, number: int) -> ShardFile:
        """Shard file ``number``, mapped on first use; raises ``StoreError`` when another store stands there by then."""
        if number not in self._shards:
            file = self.path / chunk_name("features", number, 1 + len(self.shape))
            self._shards[number] = self._own(lambda: ShardFile(file, self.layout))
        return self._shards[number]

    def _small(self, name: str) -> np.ndarray:
        return self._own(lambda: read_small(self.path, name))

    def _own(self, open_file: Callable[[], T]) -> T:
        """What ``open_file`` gives; ``StoreError`` unless the same store still stands there afterwards, so that it is of this one."""
        try:
            return open_file()
        finally:
            if not self._stands():
                raise StoreError(f"{self.path}: the store was replaced or deleted since it was opened; open it again")

    def _stands(self) -> bool:
        try:
            return hashlib.sha256(read_root(self.path)).hexdigest() == self.digest
        except StoreError:
            return False


def read_attributes(path: Path) -> dict[str, Any]:
    """Attributes of the sealed store at ``path``; raises ``StoreError`` when there is none."""
    return _attributes(read_root(path), path)


def read_root(path: Path) -> bytes:
    """The root ``zarr.json`` of the sealed store at ``path``; raises ``StoreError`` when there is none."""
    try:
        return (path / "zarr.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not path.is_dir():
            raise StoreError(
                f"{path}: expected a feature store, found nothing; `python -m pipeline features` or `make repro` writes it"
            ) from error
        raise StoreError(
            f"{path}: the store is not sealed (no zarr.json): extraction has not finished; run `python -m pipeline features` again"
        ) from error


def _attributes(root: bytes, path: Path) -> dict[str, Any]:
    return sealed_attributes(parse_json(root, path / "zarr.json"), path)


def check_sizes(path: Path, attributes: dict[str, Any]) -> None:
    """Compare the size of every file with the recorded one (content: ``integrity.verify``)."""
    for name, about in attributes["files"].items():
        try:
            found = (path / name).stat().st_size
        except FileNotFoundError as error:
            raise StoreError(
                f"{path / name}: expected {about['bytes']} bytes, found no file; restore or extract the store again"
            ) from error
        if found != about["bytes"]:
            raise StoreError(f"{path / name}: expected {about['bytes']} bytes, found {found}: truncated or changed; restore the store")


def read_small(path: Path, name: str) -> np.ndarray:
    """One of the small arrays ``valid``, ``status``, ``ids``, ``fingerprint``, read-only."""
    metadata = read_json(path / name / "zarr.json")
    data = (path / chunk_name(name, 0, len(metadata["shape"]))).read_bytes()
    return np.frombuffer(data, np.dtype(metadata["data_type"])).reshape(metadata["shape"])
