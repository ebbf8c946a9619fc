"""Uncompressed shards by hand, for what zarr-python cannot do: put together in place, and read by memory map.

A shard holds the clips that have features back to back in row order, then Zarr's sharding index (offset and length per
slot, all ones where a clip is absent; CRC-32C).
"""

import mmap
import os
import struct
from pathlib import Path

import numpy as np

from cmg.store.errors import StoreError
from cmg.store.schema import Layout

ABSENT = np.uint64(2**64 - 1)


def index_bytes(slots: int) -> int:
    """Size of a shard's index."""
    return 16 * slots + 4


def encode_index(present: np.ndarray, clip_bytes: int) -> bytes:
    """Index of a shard; present: bool [slots]."""
    import google_crc32c  # who only reads does not need it

    entries = np.full((len(present), 2), ABSENT, "<u8")
    entries[present, 0] = np.arange(present.sum()) * clip_bytes
    entries[present, 1] = clip_bytes
    data = entries.tobytes()
    return data + struct.pack("<I", google_crc32c.value(data))


def append_index(file: Path, layout: Layout, present: list[bool]) -> None:
    """Make a shard of a file that holds the clips of the present slots; durable when it returns."""
    slots = np.pad(np.array(present, bool), (0, layout.slots - len(present)))
    with file.open("r+b") as handle:
        handle.truncate(sum(present) * layout.clip_bytes)
        handle.seek(0, os.SEEK_END)
        handle.write(encode_index(slots, layout.clip_bytes))
        handle.flush()
        os.fsync(handle.fileno())


def map_file(file: Path) -> np.ndarray:
    """The bytes of a file, uint8, memory-mapped read-only, also after fork. Raises OSError or, when empty,
    ValueError."""
    with file.open("rb") as handle:
        return np.frombuffer(mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


def clips_of(data: np.ndarray, layout: Layout, present: int, file: Path) -> np.ndarray:
    """The clips of a shard [present, *clip_shape], as a view of its bytes; raises ``StoreError`` on another size."""
    size = present * layout.clip_bytes
    if len(data) != size + index_bytes(layout.slots):
        raise StoreError(f"{file}: expected {present} clips of {layout.clip_bytes} bytes, found {len(data)} bytes")
    return data[:size].view(layout.dtype).reshape(present, *layout.clip_shape)
