"""Unfinished work on one store: preallocated raw shards, journals, finished shards.

Folder of one specification::

    plan.json            the specification
    raw/<k>              shard k: clip of slot s at s * clip_bytes (a hole until it is written)
    journal/<k>          outcomes of its rows; a row's line is written after its data
    store.zarr/          the store to be; shard k moves to features/c.k… once all its rows are settled
    done/<k>.json        size and SHA-256 of finished shard k

A process may die between any two steps: data that a journal does not vouch for by CRC-32 is computed again.
"""

import os
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cmg.store import journal
from cmg.store.documents import link_or_copy, read_json, sync_folder
from cmg.store.journal import Outcome
from cmg.store.schema import StoreSpec
from cmg.store.workfiles import WorkFiles, measure


class Staging:
    """Rows of ``shards`` in the making.

    Attributes:
        outcomes: settled rows.
        marks: per finished shard, its ``bytes`` and ``sha256``, which it has (a damaged one is not finished).
    """

    def __init__(self, folder: Path, spec: StoreSpec, shards: Sequence[int]):
        self.folder, self.spec, self.shards = folder, spec, shards
        self.files = WorkFiles(folder, spec)
        self.outcomes: dict[int, Outcome] = {}
        self.marks: dict[int, dict] = {}
        self._left: dict[int, int] = {}
        for shard in shards:
            self._load(shard)

    @classmethod
    def create(cls, folder: Path, spec: StoreSpec, shards: Sequence[int]) -> "Staging":
        """Open ``folder`` for writing, continuing what an earlier process left there."""
        WorkFiles(folder, spec).create()
        staging = cls(folder, spec, shards)
        for shard in shards:
            staging._repair(shard)
        return staging

    @classmethod
    def abandoned(cls, folder: Path) -> "Staging":
        """What another specification left unfinished, to read rows from."""
        spec = StoreSpec.from_json(read_json(folder / "plan.json"))
        WorkFiles(folder, spec).create()
        return cls(folder, spec, range(spec.shards))

    def complete(self, shard: int) -> bool:
        """Whether every row of the shard is settled."""
        return self._left[shard] == 0

    def put(self, row: int, data: bytes, valid: int, remarks: tuple[tuple[str, str], ...] = ()) -> None:
        """Store one clip's raw bytes: data first, then the journal line that vouches for it."""
        self.files.write_clip(*divmod(row, self.spec.layout.slots), data)
        self.settle({row: Outcome("ok", valid, zlib.crc32(data), remarks=remarks)})

    def settle(self, outcomes: dict[int, Outcome]) -> None:
        """Record rows of one shard; the last one finishes the shard."""
        shard = next(iter(outcomes)) // self.spec.layout.slots
        journal.append(self.files.journal(shard), outcomes)
        self._left[shard] -= sum(row not in self.outcomes for row in outcomes)
        self.outcomes |= outcomes
        if self.complete(shard):
            self._finish(shard)

    def read(self, row: int) -> bytes:
        """Raw bytes of a row whose outcome is ``ok``."""
        shard, slot = divmod(row, self.spec.layout.slots)
        if shard in self.marks:
            return np.asarray(self.files.array[row]).tobytes()
        return self.files.read_clip(shard, slot)

    def adopt(self, shard: int, file: Path, about: dict, outcomes: dict[int, Outcome]) -> None:
        """Take a whole finished shard of another store (same layout) by hard link, or by copy where links are
        impossible."""
        linked = self.files.raw(shard, ".linked")
        link_or_copy(file, linked)
        journal.rewrite(self.files.journal(shard), outcomes)
        self._mark(shard, about)
        os.replace(linked, self.files.finished(shard))
        self.outcomes |= outcomes
        self._left[shard] = 0

    def reopen_failed(self) -> None:
        """Make every failed row open again; a finished shard that holds one becomes a raw one."""
        for shard in self.shards:
            settled = journal.select(self.outcomes, self.spec.shard_rows(shard))
            failed = [row for row, outcome in settled.items() if outcome.status != "ok"]
            if failed:
                self._reopen(shard, failed)

    def _reopen(self, shard: int, failed: list[int]) -> None:
        for row in failed:
            del self.outcomes[row]
        self._left[shard] += len(failed)
        rows = self.spec.shard_rows(shard)
        good = journal.select(self.outcomes, rows)
        if shard in self.marks:
            checksums = self.files.unpack(shard, [row - rows.start for row in good])
            good = {row: replace(outcome, crc=checksums[row - rows.start]) for row, outcome in good.items()}
            del self.marks[shard]
        journal.rewrite(self.files.journal(shard), good)
        self.files.finished(shard).unlink(missing_ok=True)
        self.outcomes |= good

    def _load(self, shard: int) -> None:
        rows = self.spec.shard_rows(shard)
        found = journal.select(journal.load(self.files.journal(shard)), rows)
        if mark := self.files.read_mark(shard):
            self.marks[shard] = mark
        else:
            found = {row: outcome for row, outcome in found.items() if self._vouched(shard, row - rows.start, outcome)}
        self.outcomes |= found
        self._left[shard] = len(rows) - len(found)

    def _vouched(self, shard: int, slot: int, outcome: Outcome) -> bool:
        if outcome.status != "ok":
            return True
        data = self.files.read_clip(shard, slot)
        return len(data) == self.spec.layout.clip_bytes and zlib.crc32(data) == outcome.crc

    def _repair(self, shard: int) -> None:
        """Bring the files of a shard into the state that ``outcomes`` describes."""
        if shard in self.marks:
            self.files.raw(shard).unlink(missing_ok=True)
            return
        self.files.undo_finish(shard)
        journal.rewrite(self.files.journal(shard), journal.select(self.outcomes, self.spec.shard_rows(shard)))
        if self.complete(shard):
            self._finish(shard)

    def _finish(self, shard: int) -> None:
        """Turn a raw shard whose rows are all settled into a Zarr shard; every step can be repeated."""
        target, rows = self.files.finished(shard), self.spec.shard_rows(shard)
        source = self.files.finish(shard, [self.outcomes[row].status == "ok" for row in rows])
        about = measure(source)
        os.replace(source, target)
        sync_folder(target.parent)
        self._mark(shard, about)
        self.files.raw(shard).unlink(missing_ok=True)

    def _mark(self, shard: int, about: dict) -> None:
        self.files.write_mark(shard, about)
        self.marks[shard] = about
