"""Groups, arrays and compressed shards, made and read by zarr-python; documents in one canonical form.

All of it happens in memory, and `cmg.files` puts the bytes on disk, so that every file is there whole or not at all.
zarr is imported where it is used: who only reads uncompressed stores does not need it.
Axes: N clips of the store, n clips of a shard, then the shape of one clip.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cmg.store.documents import document
from cmg.store.root import FEATURES, ROOT, chunk_name
from cmg.store.schema import ZSTD_LEVEL, StoreSpec

if TYPE_CHECKING:
    import zarr
    from zarr.core.buffer import Buffer

    Files = dict[str, Buffer]

AXES = {1: ("channel",), 2: ("time", "channel"), 3: ("time", "height", "width")}
AXES[4] = (*AXES[3], "channel")
"""Names of the axes of one clip by their number, for readers such as xarray."""

PLAIN: dict[str, Any] = {
    "filters": None,
    "compressors": None,
    "fill_value": 0,
    "chunk_key_encoding": {"name": "default", "separator": "."},
    "config": {"write_empty_chunks": True},  # a file for every shard, also where all its clips failed
}
ZSTD = {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}}
CODING: dict[str | None, dict[str, Any]] = {None: PLAIN, "zstd": PLAIN | {"compressors": ZSTD}}


def array_files(spec: StoreSpec, small: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """Every file of the arrays but the shards, by its path in the store.

    small: arrays of one uncompressed chunk each, ``[N]`` or ``[N, bytes of text]``.
    """
    files: Files = {}
    group = _group(files)
    _features(group, spec)
    for name, values in small.items():
        axes = ("clip", f"{name}_byte")[: values.ndim]
        group.create_array(name, data=values, chunks=values.shape, dimension_names=axes, **CODING[None])
    return {name: _canonical(name, data.to_bytes()) for name, data in files.items() if name != ROOT}


def root_document(attributes: Mapping[str, Any]) -> bytes:
    """The root ``zarr.json``: its presence seals the store."""
    files: Files = {}
    _group(files, attributes)
    return _canonical(ROOT, files[ROOT].to_bytes())


def encode_shard(spec: StoreSpec, shard: int, clips: np.ndarray) -> bytes:
    """The bytes of a compressed shard; clips: [n, *shape], zeros where a row has none."""
    files: Files = {}
    rows = spec.shard_rows(shard)
    _features(_group(files), spec)[rows.start : rows.stop] = clips
    return files[chunk_name("features", shard, clips.ndim)].to_bytes()


class HeldShards:
    """The array of features [N, *shape] over those of its shards that were given; rows of others read as zeros.

    metadata: the bytes of ``features/zarr.json``.
    """

    def __init__(self, metadata: bytes):
        import zarr

        self._files = {FEATURES: _buffer(np.frombuffer(metadata, np.uint8))}
        self.array = zarr.open_array(zarr.storage.MemoryStore(self._files), path="features", mode="r", zarr_format=3)

    def give(self, shard: int, data: np.ndarray) -> None:
        """data: the bytes of the shard, uint8; may be a memory map."""
        self._files[chunk_name("features", shard, self.array.ndim)] = _buffer(data)


def _features(group: "zarr.Group", spec: StoreSpec) -> "zarr.Array":
    """The array of features, empty: one inner chunk per clip, ``clips_per_shard`` of them per shard."""
    axes = ("clip", *(AXES.get(len(spec.shape)) or (f"axis_{number}" for number in range(len(spec.shape)))))
    about: dict[str, Any] = {"shape": (len(spec.ids), *spec.shape), "dtype": spec.dtype, "dimension_names": axes}
    files: dict[str, Any] = {"chunks": (1, *spec.shape), "shards": (spec.layout.slots, *spec.shape)}
    return group.create_array("features", **about, **files, **CODING[spec.compression])


def _group(files: "Files", attributes: Mapping[str, Any] | None = None) -> "zarr.Group":
    import zarr

    return zarr.create_group(zarr.storage.MemoryStore(files), zarr_format=3, attributes=dict(attributes or {}))


def _buffer(data: np.ndarray) -> "Buffer":
    from zarr.core.buffer import default_buffer_prototype

    return default_buffer_prototype().buffer.from_array_like(data)


def _canonical(name: str, data: bytes) -> bytes:
    """A document with sorted keys, without the null and empty members that only some versions of zarr write."""
    if not name.endswith(ROOT):
        return data
    return document({key: value for key, value in json.loads(data).items() if value not in (None, [], {})})
