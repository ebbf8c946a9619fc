"""Unfinished work on one store: preallocated raw shards, journals, finished shards.

Folder of one specification::

    plan.json            the specification
    raw/<k>              shard k: clip of slot s at s * clip_bytes (a hole until it is written)
    journal/<k>          outcomes of its rows; a row's line is written after its data
    store.zarr/          the store to be; shard k moves to features/c.k… once all its rows are settled
    done/<k>.json        size and SHA-256 of finished shard k

A process may die between any two steps: data that a journal does not vouch for by CRC-32 is computed again.
"""

import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cmg.store import journal
from cmg.store.files import canonical_json, file_digest, link_or_copy, read_json, sync_folder, write_durably
from cmg.store.journal import Outcome
from cmg.store.metadata import chunk_name
from cmg.store.schema import StoreSpec
from cmg.store.shards import ShardFile, encode_index, write_packed


class Staging:
    """Rows of ``shards`` in the making.

    Attributes:
        outcomes: settled rows.
        files: per finished shard, its ``bytes`` and ``sha256``.
    """

    def __init__(self, folder: Path, spec: StoreSpec, shards: Sequence[int]):
        self.folder, self.spec, self.shards = folder, spec, shards
        self.outcomes: dict[int, Outcome] = {}
        self.files: dict[int, dict] = {}
        self._left: dict[int, int] = {}
        for shard in shards:
            self._load(shard)

    @classmethod
    def create(cls, folder: Path, spec: StoreSpec, shards: Sequence[int]) -> "Staging":
        """Open ``folder`` for writing, continuing what an earlier process left there."""
        for name in ("raw", "journal", "done", "store.zarr/features"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        plan = folder / "plan.json"
        if not plan.exists():
            write_durably(plan, canonical_json(spec.to_json()).encode(), folder / f"plan.{os.getpid()}.tmp")
        staging = cls(folder, spec, shards)
        for shard in shards:
            staging._repair(shard)
        return staging

    @classmethod
    def abandoned(cls, folder: Path) -> "Staging":
        """What another specification left unfinished, to read rows from."""
        spec = StoreSpec.from_json(read_json(folder / "plan.json"))
        return cls(folder, spec, range(spec.shards))

    def shard_file(self, shard: int) -> Path:
        return self.folder / "store.zarr" / chunk_name("features", shard, 1 + len(self.spec.shape))

    def put(self, row: int, data: bytes, valid: int) -> None:
        """Store one clip's raw bytes: data first, then the journal line that vouches for it."""
        shard, slot = divmod(row, self.spec.clips_per_shard)
        descriptor = os.open(self._raw(shard), os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            size = len(self.spec.shard_rows(shard)) * self.spec.layout.clip_bytes
            if os.fstat(descriptor).st_size < size:
                os.ftruncate(descriptor, size)
            journal.write_fully(descriptor, data, slot * self.spec.layout.clip_bytes)
        finally:
            os.close(descriptor)
        self.settle({row: Outcome("ok", valid, zlib.crc32(data))})

    def settle(self, outcomes: dict[int, Outcome]) -> None:
        """Record rows of one shard; the last one finishes the shard."""
        shard = next(iter(outcomes)) // self.spec.clips_per_shard
        journal.append(self._journal(shard), outcomes)
        self._left[shard] -= sum(row not in self.outcomes for row in outcomes)
        self.outcomes |= outcomes
        if self.complete(shard):
            self._finish(shard)

    def complete(self, shard: int) -> bool:
        return self._left[shard] == 0

    def read(self, row: int) -> bytes:
        """Raw bytes of a row whose outcome is ``ok``."""
        shard, slot = divmod(row, self.spec.clips_per_shard)
        if shard in self.files:
            return ShardFile(self.shard_file(shard), self.spec.layout).clip_bytes(slot)
        return self._read_slot(self._raw_or_moved(shard), slot)

    def adopt(self, shard: int, file: Path, about: dict, outcomes: dict[int, Outcome]) -> None:
        """Take a whole finished shard of another store (same layout) by hard link, or by copy where links are impossible."""
        linked = self.folder / "raw" / f"{shard}.linked"
        link_or_copy(file, linked)
        journal.rewrite(self._journal(shard), outcomes)
        self._mark(shard, about)
        os.replace(linked, self.shard_file(shard))
        self.outcomes |= outcomes
        self._left[shard] = 0

    def _load(self, shard: int) -> None:
        rows = self.spec.shard_rows(shard)
        found, _ = journal.load(self._journal(shard))
        found = journal.select(found, rows)
        mark = self.folder / "done" / f"{shard}.json"
        if mark.exists() and self.shard_file(shard).exists():
            self.files[shard] = read_json(mark)
        else:
            found = {row: outcome for row, outcome in found.items() if self._vouched(shard, row - rows.start, outcome)}
        self.outcomes |= found
        self._left[shard] = len(rows) - len(found)

    def _repair(self, shard: int) -> None:
        """Bring the files of an unfinished shard into the state that ``outcomes`` describes."""
        if shard in self.files:
            self._raw(shard).unlink(missing_ok=True)
            return
        raw, moved = self._raw(shard), self.shard_file(shard)
        (self.folder / "done" / f"{shard}.json").unlink(missing_ok=True)
        if moved.exists() and not raw.exists() and moved.stat().st_nlink == 1:  # a hard link belongs to the previous store too
            os.replace(moved, raw)
        moved.unlink(missing_ok=True)
        journal.rewrite(self._journal(shard), journal.select(self.outcomes, self.spec.shard_rows(shard)))
        if self.complete(shard):
            self._finish(shard)

    def _vouched(self, shard: int, slot: int, outcome: Outcome) -> bool:
        if outcome.status != "ok":
            return True
        file = self._raw_or_moved(shard)
        return file.exists() and zlib.crc32(self._read_slot(file, slot)) == outcome.crc

    def _finish(self, shard: int) -> None:
        """Turn a raw shard whose rows are all settled into a Zarr shard; every step can be repeated."""
        target = self.shard_file(shard)
        rows = self.spec.shard_rows(shard)
        dense = all(self.outcomes[row].status == "ok" for row in rows)
        source = self._raw(shard)
        if dense and self.spec.compression is None:
            self._append_index(source, len(rows))
        else:
            source = self._pack(shard)
        about = {"bytes": source.stat().st_size, "sha256": file_digest(source)}
        os.replace(source, target)
        sync_folder(target.parent)
        self._mark(shard, about)
        self._raw(shard).unlink(missing_ok=True)

    def _append_index(self, raw: Path, clips: int) -> None:
        layout = self.spec.layout
        lengths = np.full(layout.slots, -1, np.int64)
        lengths[:clips] = layout.clip_bytes
        index = encode_index(lengths)
        descriptor = os.open(raw, os.O_WRONLY)
        try:
            journal.write_fully(descriptor, index, clips * layout.clip_bytes)
            os.ftruncate(descriptor, clips * layout.clip_bytes + len(index))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _pack(self, shard: int) -> Path:
        packed = self.folder / "raw" / f"{shard}.packed"
        rows = self.spec.shard_rows(shard)
        clips = (self._read_slot(self._raw(shard), row - rows.start) if self.outcomes[row].status == "ok" else None for row in rows)
        with packed.open("wb") as handle:
            write_packed(handle, self.spec.layout, clips)
            handle.flush()
            os.fsync(handle.fileno())
        return packed

    def _mark(self, shard: int, about: dict) -> None:
        mark = self.folder / "done" / f"{shard}.json"
        write_durably(mark, json.dumps(about).encode(), mark.with_suffix(".tmp"))
        self.files[shard] = about

    def _read_slot(self, file: Path, slot: int) -> bytes:
        size = self.spec.layout.clip_bytes
        with file.open("rb") as handle:
            handle.seek(slot * size)
            return handle.read(size)

    def _raw(self, shard: int) -> Path:
        return self.folder / "raw" / str(shard)

    def _raw_or_moved(self, shard: int) -> Path:
        return self._raw(shard) if self._raw(shard).exists() else self.shard_file(shard)

    def _journal(self, shard: int) -> Path:
        return self.folder / "journal" / str(shard)
