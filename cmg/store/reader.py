"""Read a sealed feature store: by rows or clip ids, from memory-mapped shards, in any number of processes.

Nothing is served whose bytes are not the sealed ones: small arrays and shards are checked when they are first read.
Axes: N clips of the store, n rows asked for, then the shape of one clip (T seconds, H W 7x7, C channels).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cmg.store.errors import StoreError
from cmg.store.root import FEATURES, chunk_name, open_root
from cmg.store.schema import Layout, decode_text
from cmg.store.sealed import SealedFiles
from cmg.store.shards import clips_of

if TYPE_CHECKING:
    import zarr

    from cmg.store.arrays import HeldShards


@dataclass(frozen=True)
class Failure:
    """A row without features: ``status`` is a name of ``schema.STATUS``; ``reason`` is known to the writer only."""

    row: int
    clip_id: str
    status: str
    reason: str = ""


class FeatureStore:
    """A sealed store, read-only.

    Safe after fork (shards are read-only maps) and for spawned workers (pickles as its path and digest).

    Attributes:
        attrs: attributes of the root group (recipe, weights digest, counts by status, checksums …).
        digest: SHA-256 of the root, which stands for the whole store.
        files: the bytes of its files.
        shape, dtype: of one clip's features.

    Raises:
        StoreError: nothing there, not sealed yet, edited after sealing, or a file whose size is not the recorded one;
            while reading, bytes that are not the sealed ones: damaged, or of a store that took this one's place.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        root = open_root(self.path)
        self.attrs, self.digest = root.attributes, root.digest
        self.shape, self.dtype = tuple(self.attrs["clip_shape"]), np.dtype(self.attrs["dtype"])
        self.layout = Layout(self.attrs["clips_per_shard"], self.shape, self.attrs["dtype"], self.attrs["compression"])
        self.files = SealedFiles(self.path, root)
        self._clips: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return self.attrs["clips"]

    def __getstate__(self) -> tuple[Path, str]:
        return self.path.absolute(), self.digest

    def __setstate__(self, state: tuple[Path, str]) -> None:
        path, digest = state
        FeatureStore.__init__(self, path)
        if self.digest != digest:
            raise StoreError(f"{path}: the store was replaced since it was handed to this process; open it again")

    def read(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Features ``[n, *shape]`` of ``rows``, in their order; zeros where a row failed."""
        return self.read_into(rows, np.empty((np.size(rows), *self.shape), self.dtype))

    def read_into(self, rows: Sequence[int] | np.ndarray, out: np.ndarray) -> np.ndarray:
        """``read`` into ``out`` (same shape; its dtype must hold the store's without loss)."""
        rows = self._checked(rows)
        shape = (len(rows), *self.shape)
        if out.shape != shape or not np.can_cast(self.dtype, out.dtype):
            raise StoreError(f"{self.path}: expected an array {shape} for {self.dtype}, found {out.shape} {out.dtype}")
        clip = self._mapped_clip if self.layout.compression is None else self._decoded_clip
        for position, row in enumerate(rows.tolist()):
            out[position] = clip(row)
        return out

    @cached_property
    def array(self) -> "zarr.Array":
        """``features`` [N, *shape] as zarr opens it, for xarray, dask and others; checks nothing."""
        import zarr  # who only reads uncompressed stores does not need it

        return zarr.open_array(self.path / "features", mode="r", zarr_format=3)

    @cached_property
    def valid(self) -> np.ndarray:
        """int32 [N]: seconds (words) with content; 0 where a row failed."""
        return self._small("valid", "<i4")

    @cached_property
    def status(self) -> np.ndarray:
        """uint8 [N]: codes of ``attrs["status_codes"]``; 0 is ok."""
        return self._small("status", "u1")

    @cached_property
    def ids(self) -> list[str]:
        """Clip ids in row order; may repeat."""
        return decode_text(self._small("ids", "u1", -1))

    @cached_property
    def fingerprints(self) -> list[str]:
        """Clip fingerprints in row order."""
        return decode_text(self._small("fingerprint", "u1", -1))

    def status_of(self, row: int) -> str:
        """Status name of a row."""
        return self._status_names[int(self.status[row])]

    def failures(self) -> list[Failure]:
        """Rows without features, in row order."""
        return [Failure(row, self.ids[row], self.status_of(row)) for row in np.flatnonzero(self.status).tolist()]

    def rows_of(self, ids: Sequence[str]) -> np.ndarray:
        """int64 [n] rows of clip ids.

        Where an id repeats, its first row: allowed only while all its rows have the same fingerprint, hence features.

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

    def shard_name(self, number: int) -> str:
        """File of shard ``number``, relative to the store."""
        return chunk_name("features", number, 1 + len(self.shape))

    def _mapped_clip(self, row: int) -> np.ndarray | int:
        place = self._places[row]
        return self._mapped(row // self.layout.slots)[place] if place >= 0 else 0

    def _decoded_clip(self, row: int) -> np.ndarray:
        shard = row // self.layout.slots
        self._decoder.give(shard, self.files[self.shard_name(shard)])
        # row by row: zarr's selection of many rows at once takes thirty times as long
        return np.asarray(self._decoder.array[row])

    def _mapped(self, shard: int) -> np.ndarray:
        """The clips that an uncompressed shard holds, [present, *shape]."""
        if shard not in self._clips:
            name, first = self.shard_name(shard), shard * self.layout.slots
            present = int((self.status[first : first + self.layout.slots] == 0).sum())
            self._clips[shard] = clips_of(self.files[name], self.layout, present, self.path / name)
        return self._clips[shard]

    @cached_property
    def _places(self) -> list[int]:
        """Per row, its place among the clips that its shard holds; -1 where it failed."""
        ok = self.status == 0
        before = np.cumsum(ok) - ok
        first = np.arange(len(self)) // self.layout.slots * self.layout.slots
        return np.where(ok, before - before[first], -1).tolist()

    @cached_property
    def _decoder(self) -> "HeldShards":
        from cmg.store.arrays import HeldShards

        return HeldShards(self.files[FEATURES].tobytes())

    def _small(self, name: str, dtype: str, *width: int) -> np.ndarray:
        data = self.files[chunk_name(name, 0, 1 + len(width))]
        try:
            return data.view(dtype).reshape(len(self), *width)
        except ValueError as error:
            raise StoreError(f"{self.path / name}: expected {len(self)} rows, found {len(data)} bytes") from error
