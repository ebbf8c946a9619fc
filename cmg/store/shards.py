"""One shard file: clips one after another, then the Zarr v3 sharding index (offset, length per slot; CRC-32C) at the end.

Written densely in slot order; a failed clip has no bytes and no index entry, and reads as zeros.
"""

import mmap
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import google_crc32c
import numpy as np

from cmg.store.errors import StoreError
from cmg.store.schema import ZSTD_LEVEL, Layout

ABSENT = np.uint64(2**64 - 1)


def index_bytes(slots: int) -> int:
    """Size of a shard's index."""
    return 16 * slots + 4


def encode_index(lengths: np.ndarray) -> bytes:
    """Index of a dense shard.

    Args:
        lengths: int64 [slots] bytes of each slot; -1 for an absent one.
    """
    present = lengths >= 0
    ends = np.cumsum(np.where(present, lengths, 0))
    entries = np.full((len(lengths), 2), ABSENT, "<u8")
    entries[present, 0] = (ends - lengths)[present]
    entries[present, 1] = lengths[present]
    data = entries.tobytes()
    return data + struct.pack("<I", google_crc32c.value(data))


def write_packed(handle: BinaryIO, layout: Layout, clips: Iterable[bytes | None]) -> None:
    """Write a dense shard: ``clips`` are raw clip bytes in slot order, None where a clip is absent."""
    encode = encoder(layout.compression)
    lengths = np.full(layout.slots, -1, np.int64)
    for slot, clip in enumerate(clips):
        if clip is not None:
            lengths[slot] = handle.write(encode(clip))
    handle.write(encode_index(lengths))


def append_index(file: Path, layout: Layout, clips: int) -> None:
    """Make a shard of an uncompressed file whose first ``clips`` slots are all filled; durable when it returns."""
    lengths = np.full(layout.slots, -1, np.int64)
    lengths[:clips] = layout.clip_bytes
    with file.open("r+b") as handle:
        handle.seek(clips * layout.clip_bytes)
        handle.write(encode_index(lengths))
        handle.truncate()
        handle.flush()
        os.fsync(handle.fileno())


def encoder(compression: str | None) -> Callable[[bytes], bytes]:
    """Raw clip bytes → stored bytes."""
    return bytes if compression is None else _zstd().encode


def _zstd():
    from numcodecs.zstd import Zstd  # only compressed stores pay for the import

    return Zstd(level=ZSTD_LEVEL, checksum=False)


class ShardFile:
    """Read-only, memory-mapped view of a finished shard; safe to use after fork.

    Raises:
        StoreError: the file is missing, truncated, or its index is damaged; the message names it.
    """

    def __init__(self, file: Path, layout: Layout):
        self.file, self.layout = file, layout
        try:
            with file.open("rb") as handle:
                self._map = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{file}: shard cannot be opened ({error}); `python -m pipeline store verify` lists what is damaged"
            ) from error
        self.offsets, self.lengths = self._read_index()
        self._clips = None
        if layout.compression is None:
            self._clips = self._map_clips()
            self._places = np.where(self.lengths >= 0, self.offsets // layout.clip_bytes, -1).tolist()
        else:
            self._decoder = _zstd()

    def present(self, slot: int) -> bool:
        return self.lengths[slot] >= 0

    def copy_to(self, slot: int, out: np.ndarray) -> None:
        """Write one clip's features into ``out`` (clip_shape); zeros when the clip is absent."""
        if self._clips is not None:
            place = self._places[slot]
            out[...] = self._clips[place] if place >= 0 else 0
        elif self.present(slot):
            out[...] = self._decode(slot)
        else:
            out[...] = 0

    def clip_bytes(self, slot: int) -> bytes:
        """Raw (uncompressed) bytes of a present clip."""
        out = np.empty(self.layout.clip_shape, self.layout.dtype)
        self.copy_to(slot, out)
        return out.tobytes()

    def _decode(self, slot: int) -> np.ndarray:
        start, length = int(self.offsets[slot]), int(self.lengths[slot])
        try:
            data = self._decoder.decode(self._map[start : start + length])
        except RuntimeError as error:
            raise StoreError(f"{self.file}: slot {slot} does not decompress ({error})") from error
        if len(data) != self.layout.clip_bytes:
            raise StoreError(f"{self.file}: slot {slot}: expected {self.layout.clip_bytes} bytes, found {len(data)}")
        return np.frombuffer(data, self.layout.dtype).reshape(self.layout.clip_shape)

    def _map_clips(self) -> np.ndarray:
        size, clip_bytes = len(self._map) - index_bytes(self.layout.slots), self.layout.clip_bytes
        present = self.lengths >= 0
        if (self.lengths[present] != clip_bytes).any() or (self.offsets[present] % clip_bytes).any() or size % clip_bytes:
            raise StoreError(f"{self.file}: expected clips of {clip_bytes} bytes back to back, found another layout")
        clips = np.frombuffer(self._map, self.layout.dtype, count=size // np.dtype(self.layout.dtype).itemsize)
        return clips.reshape(-1, *self.layout.clip_shape)

    def _read_index(self) -> tuple[np.ndarray, np.ndarray]:
        size, tail = len(self._map), index_bytes(self.layout.slots)
        if size < tail:
            raise StoreError(f"{self.file}: truncated shard: expected at least {tail} bytes of index, found {size} bytes")
        data = self._map[size - tail : size - 4]
        if struct.unpack("<I", self._map[size - 4 :])[0] != google_crc32c.value(data):
            raise StoreError(f"{self.file}: shard index does not match its checksum: the file is truncated or damaged")
        entries = np.frombuffer(data, "<u8").reshape(-1, 2)
        absent = (entries == ABSENT).all(axis=1)
        offsets, lengths = np.where(absent[:, None], 0, entries).astype(np.int64).T
        if (offsets + lengths > size - tail).any() or (offsets < 0).any() or (lengths < 0).any():
            raise StoreError(f"{self.file}: shard index points outside the {size} bytes found")
        return offsets, np.where(absent, -1, lengths)
