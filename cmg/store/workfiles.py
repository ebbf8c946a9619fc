"""Files of unfinished work: where they are, and single clips in raw shards."""

import json
import logging
import os
import shutil
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cmg.files import file_digest, naming, write_bytes
from cmg.store.arrays import array_files, encode_shard
from cmg.store.documents import canonical_json
from cmg.store.journal import write_fully
from cmg.store.root import FEATURES, chunk_name
from cmg.store.schema import StoreSpec
from cmg.store.shards import append_index

if TYPE_CHECKING:
    import zarr

LOG = logging.getLogger(__name__)


class WorkFiles:
    """Paths below ``folder`` for the shards of ``spec``, and reads and writes of clips in them."""

    def __init__(self, folder: Path, spec: StoreSpec):
        self.folder, self.spec = folder, spec

    def create(self) -> None:
        """Make the folders and ``plan.json`` where they are missing."""
        for name in ("raw", "journal", "done", "store.zarr/features"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        documents = {"plan.json": canonical_json(self.spec.to_json()).encode()}
        documents[f"store.zarr/{FEATURES}"] = array_files(self.spec, {})[FEATURES]
        for name, data in documents.items():
            if not (self.folder / name).exists():
                write_bytes(self.folder / name, data)

    @cached_property
    def array(self) -> "zarr.Array":
        """Features [N, *shape] of the finished shards; zeros elsewhere."""
        import zarr

        return zarr.open_array(self.folder / "store.zarr/features", mode="r", zarr_format=3)

    def shard_name(self, shard: int) -> str:
        """Path of a shard inside the store."""
        return chunk_name("features", shard, 1 + len(self.spec.shape))

    def finished(self, shard: int) -> Path:
        """Where the finished shard goes, inside the store to be."""
        return self.folder / "store.zarr" / self.shard_name(shard)

    def raw(self, shard: int, suffix: str = "") -> Path:
        return self.folder / "raw" / f"{shard}{suffix}"

    def journal(self, shard: int) -> Path:
        return self.folder / "journal" / str(shard)

    def mark(self, shard: int) -> Path:
        return self.folder / "done" / f"{shard}.json"

    def read_mark(self, shard: int) -> dict | None:
        """Size and SHA-256 of a finished shard; None unless it is there with these bytes."""
        mark, finished = self.mark(shard), self.finished(shard)
        if not (mark.exists() and finished.exists()):
            return None
        if json.dumps(about := measure(finished)).encode() == mark.read_bytes():
            return about
        LOG.warning("%s: bytes differ from those recorded in %s; damaged clips are extracted again", finished, mark)
        return None

    def write_mark(self, shard: int, about: dict) -> None:
        write_bytes(self.mark(shard), json.dumps(about).encode())

    def write_clip(self, shard: int, slot: int, data: bytes) -> None:
        """Put one clip into its slot of the raw shard, which has its full size from its first clip on."""
        file, clip_bytes = self.raw(shard), self.spec.layout.clip_bytes
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            with naming(file):
                if os.fstat(descriptor).st_size < (size := len(self.spec.shard_rows(shard)) * clip_bytes):
                    os.ftruncate(descriptor, size)
                write_fully(descriptor, data, slot * clip_bytes)
        finally:
            os.close(descriptor)

    def read_clip(self, shard: int, slot: int) -> bytes:
        """One clip of a raw shard, also where a killed process had already moved it; short or empty if not there."""
        file = self.raw(shard) if self.raw(shard).exists() else self.finished(shard)
        if not file.exists():
            return b""
        with file.open("rb") as handle:
            handle.seek(slot * self.spec.layout.clip_bytes)
            return handle.read(self.spec.layout.clip_bytes)

    def undo_finish(self, shard: int) -> None:
        """After a kill between moving a finished shard and marking it: back to the raw shard."""
        raw, moved = self.raw(shard), self.finished(shard)
        self.mark(shard).unlink(missing_ok=True)
        if moved.exists() and not raw.exists():
            copy = self.raw(shard, ".copy")  # not the file itself, which other stores may share by hard link
            shutil.copyfile(moved, copy)
            os.replace(copy, raw)
        moved.unlink(missing_ok=True)

    def finish(self, shard: int, present: list[bool]) -> Path:
        """A Zarr shard of the raw one, which holds a clip in each slot that is ``present``; durable when it returns."""
        slots, packed = np.flatnonzero(present).tolist(), self.raw(shard, ".packed")
        if self.spec.compression is not None:
            write_bytes(packed, encode_shard(self.spec, shard, self._clips(shard, slots)))
            return packed
        if all(present):
            packed = self.raw(shard)
        else:
            with packed.open("wb") as handle:
                handle.writelines(self.read_clip(shard, slot) for slot in slots)
        append_index(packed, self.spec.layout, present)
        return packed

    def unpack(self, shard: int, slots: Sequence[int]) -> dict[int, int]:
        """Lay the clips of a finished shard out as a raw one and take its mark away; returns the CRC-32 per slot."""
        rows, fresh = self.spec.shard_rows(shard), self.raw(shard, ".copy")
        clips = np.asarray(self.array[rows.start : rows.stop])
        clips.tofile(fresh)
        os.replace(fresh, self.raw(shard))
        self.mark(shard).unlink()
        return {slot: zlib.crc32(clips[slot].tobytes()) for slot in slots}

    def _clips(self, shard: int, slots: Sequence[int]) -> np.ndarray:
        """Clips [n, *shape] of a raw shard; zeros but in ``slots``."""
        clips = np.zeros((len(self.spec.shard_rows(shard)), *self.spec.shape), self.spec.dtype)
        for slot in slots:
            clips[slot] = np.frombuffer(self.read_clip(shard, slot), self.spec.dtype).reshape(self.spec.shape)
        return clips


def measure(file: Path) -> dict[str, Any]:
    """``bytes`` and ``sha256`` of a file."""
    return {"bytes": file.stat().st_size, "sha256": file_digest(file)}
