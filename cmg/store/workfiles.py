"""Files of unfinished work: where they are, and single clips in raw shards."""

import json
import os
import shutil
import zlib
from collections.abc import Iterable
from pathlib import Path

from cmg.files import write_bytes
from cmg.store.files import canonical_json, read_json
from cmg.store.journal import write_fully
from cmg.store.metadata import chunk_name
from cmg.store.schema import StoreSpec
from cmg.store.shards import ShardFile, write_packed


class WorkFiles:
    """Paths below ``folder`` for the shards of ``spec``, and reads and writes of clips in them."""

    def __init__(self, folder: Path, spec: StoreSpec):
        self.folder, self.spec = folder, spec

    def create(self) -> None:
        """Make the folders and ``plan.json`` where they are missing."""
        for name in ("raw", "journal", "done", "store.zarr/features"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        plan = self.folder / "plan.json"
        if not plan.exists():
            write_bytes(plan, canonical_json(self.spec.to_json()).encode())

    def finished(self, shard: int) -> Path:
        """Where the finished shard goes, inside the store to be."""
        return self.folder / "store.zarr" / chunk_name("features", shard, 1 + len(self.spec.shape))

    def raw(self, shard: int, suffix: str = "") -> Path:
        return self.folder / "raw" / f"{shard}{suffix}"

    def journal(self, shard: int) -> Path:
        return self.folder / "journal" / str(shard)

    def mark(self, shard: int) -> Path:
        return self.folder / "done" / f"{shard}.json"

    def read_mark(self, shard: int) -> dict | None:
        """Size and SHA-256 of a finished shard; None unless both it and its mark are there."""
        return read_json(self.mark(shard)) if self.mark(shard).exists() and self.finished(shard).exists() else None

    def write_mark(self, shard: int, about: dict) -> None:
        write_bytes(self.mark(shard), json.dumps(about).encode())

    def write_clip(self, shard: int, slot: int, data: bytes) -> None:
        """Put one clip into its slot of the raw shard, which has its full size from its first clip on."""
        descriptor = os.open(self.raw(shard), os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            size = len(self.spec.shard_rows(shard)) * self.spec.layout.clip_bytes
            if os.fstat(descriptor).st_size < size:
                os.ftruncate(descriptor, size)
            write_fully(descriptor, data, slot * self.spec.layout.clip_bytes)
        finally:
            os.close(descriptor)

    def read_clip(self, shard: int, slot: int) -> bytes:
        """One clip of a shard in raw layout, also where a killed process had already moved it; short or empty when it is not there."""
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

    def pack(self, shard: int, slots: Iterable[int | None]) -> Path:
        """Write the clips in ``slots`` (None: absent) densely, compressed if the store is; durable when it returns."""
        packed = self.raw(shard, ".packed")
        clips = (None if slot is None else self.read_clip(shard, slot) for slot in slots)
        with packed.open("wb") as handle:
            write_packed(handle, self.spec.layout, clips)
            handle.flush()
            os.fsync(handle.fileno())
        return packed

    def unpack(self, shard: int, slots: Iterable[int]) -> dict[int, int]:
        """Lay the clips of a finished shard out as a raw one and take its mark away; returns the CRC-32 per slot."""
        source, fresh = ShardFile(self.finished(shard), self.spec.layout), self.raw(shard, ".copy")
        size, checksums = self.spec.layout.clip_bytes, {}
        with fresh.open("wb") as handle:
            handle.truncate(len(self.spec.shard_rows(shard)) * size)
            for slot in slots:
                data = source.clip_bytes(slot)
                handle.seek(slot * size)
                handle.write(data)
                checksums[slot] = zlib.crc32(data)
        os.replace(fresh, self.raw(shard))
        self.mark(shard).unlink()
        return checksums
