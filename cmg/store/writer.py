"""Write a feature store: settle every row once, in any order, over many processes and interruptions, then seal.

Folders: ``path`` appears only as a whole sealed store; all work happens under ``work_dir`` on the same file system::

    lock                 one byte per shard (locks.py)
    runs/<digest>/       work on one specification (staging.py)
    previous/            hard links to the last sealed store, to reuse rows from; outlives ``path``
"""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cmg.files import naming
from cmg.store import reuse
from cmg.store.errors import StoreError
from cmg.store.journal import NO_CRC, Outcome
from cmg.store.locks import ShardLocks
from cmg.store.reader import Failure
from cmg.store.schema import STATUS, StoreSpec
from cmg.store.sealing import build, keep_previous, publish
from cmg.store.staging import Staging


@dataclass(frozen=True)
class Remarked:
    """A remark about a row that has features."""

    row: int
    clip_id: str
    kind: str
    text: str


class StoreWriter:
    """One process that writes a store, or its part ``i`` of ``n``.

    Args:
        path: where the sealed store will be.
        work_dir: folder of this store's unfinished work; not inside ``path``, on the same file system.
        part: ``(i, n)`` with i from 1 to n: only every n-th shard; None: all of them, which ``seal`` needs.
        retry_failed: compute again the rows that failed before, in the previous store or in unfinished work (a
            gathering process after parts leaves it False, or it tries them once more).

    Attributes:
        reused: rows taken over without computing when the writer was opened.

    Raises:
        StoreError: another process writes one of these shards, or the folders cannot work.
    """

    def __init__(
        self,
        path: Path,
        work_dir: Path,
        spec: StoreSpec,
        part: tuple[int, int] | None = None,
        retry_failed: bool = False,
    ):
        self.path, self.work_dir, self.spec, self.part = Path(path), Path(work_dir), spec, part
        self._process = os.getpid()
        _check_folders(self.path, self.work_dir)
        shards = _shards_of(spec, part)
        self._locks: ShardLocks | None = ShardLocks(self.work_dir / "lock", None if part is None else frozenset(shards))
        try:
            self._folder = self.work_dir / "runs" / (spec.digest[:20])
            with naming(self.work_dir):
                self._staging = Staging.create(self._folder, spec, shards)
                if retry_failed:
                    self._staging.reopen_failed()
                self.reused = self._reuse(retry_failed)
        except BaseException:
            self._locks.release()
            raise

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def todo(self) -> list[int]:
        """Rows of this part that are not settled, ascending."""
        rows = (row for shard in self._staging.shards for row in self.spec.shard_rows(shard))
        return [row for row in rows if row not in self._staging.outcomes]

    def put(self, row: int, features: np.ndarray, valid: int, remarks: Iterable[tuple[str, str]] = ()) -> None:
        """Store one clip; it survives a kill from the moment this returns.

        Args:
            features: ``spec.shape``; cast to ``spec.dtype``.
            valid: seconds (words) that hold content, 1 to ``shape[0]``.
            remarks: (kind, text) of what was decided for this clip; they go with reasons of failures, not in the store.

        Raises:
            StoreError: wrong shape, values that the dtype cannot hold, or a row that is not to do.
        """
        self._check_open(row)
        where = f"{self.path}: row {row} (clip {self.spec.ids[row]!r})"
        features = np.asarray(features)
        if features.shape != self.spec.shape:
            raise StoreError(f"{where}: expected features of shape {self.spec.shape}, found {features.shape}")
        if not 1 <= valid <= self.spec.shape[0]:
            raise StoreError(
                f"{where}: expected 1 to {self.spec.shape[0]} valid, found {valid}; "
                "a clip without content is a failure ('empty')"
            )
        with naming(self.work_dir):
            self._staging.put(row, _exact(features, self.spec.dtype, where).tobytes(), int(valid), tuple(remarks))

    def fail(self, row: int, status: str, reason: str) -> None:
        """Record that a clip has no features; ``status`` is a name of ``schema.STATUS`` other than ``ok``."""
        self._check_open(row)
        if status not in STATUS or status == "ok":
            raise StoreError(
                f"{self.path}: row {row}: expected a failure among {', '.join(list(STATUS)[1:])}, found {status!r}"
            )
        with naming(self.work_dir):
            self._staging.settle({row: Outcome(status, 0, NO_CRC, reason)})

    def failures(self) -> list[Failure]:
        """Rows of this part that failed, with reasons, in row order."""
        outcomes = sorted(self._staging.outcomes.items())
        return [
            Failure(row, self.spec.ids[row], found.status, found.reason)
            for row, found in outcomes
            if found.status != "ok"
        ]

    def forget_failures(self) -> None:
        """Make the failed rows of this part open again, for the next writer: of a run that is refused for them."""
        self._check_process()
        with naming(self.work_dir):
            self._staging.reopen_failed()

    def remarks(self) -> list[Remarked]:
        """What was decided for rows of this part that have features, in row order."""
        outcomes = sorted(self._staging.outcomes.items())
        return [Remarked(row, self.spec.ids[row], *remark) for row, found in outcomes for remark in found.remarks]

    def seal(self) -> Path:
        """Write metadata, keep hard links for the next run, and move the store to ``path``; releases the locks.

        Raises:
            StoreError: rows are left to do, or this is only a part.
        """
        self._check_process()
        if self.part is not None:
            raise StoreError(
                f"{self.path}: part {self.part} cannot seal; run without --shard once all parts have ended"
            )
        if todo := self.todo:
            clips = ", ".join(repr(self.spec.ids[row]) for row in todo[:3])
            raise StoreError(
                f"{self.path}: {len(todo)} of {len(self.spec.ids)} clips are not done (first: {clips}); "
                "run the stage again"
            )
        with naming(self.path):
            build(self._staging)
            keep_previous(self._staging, self.work_dir / "previous")
            publish(self._staging, self.path)
            shutil.rmtree(self.work_dir / "runs")
        self.close()
        return self.path

    def close(self) -> None:
        """Give up the locks; unfinished work stays for the next writer."""
        if self._locks is not None and os.getpid() == self._process:
            self._locks.release()
        self._locks = None

    def _reuse(self, retry_failed: bool) -> int:
        previous = self.work_dir / "previous"
        others = sorted(folder for folder in (self.work_dir / "runs").iterdir() if folder != self._folder)
        openers: list[Callable[[StoreSpec], reuse.SealedRows | reuse.UnfinishedRows | None]]
        openers = [partial(reuse.sealed_source, store, previous) for store in (self.path, previous / "store.zarr")]
        openers += [partial(reuse.unfinished_source, folder) for folder in others]
        reused = 0
        for open_source in openers:
            source = open_source(self.spec) if self.todo else None
            reused += reuse.take(self._staging, source, retry_failed) if source else 0
        return reused

    def _check_open(self, row: int) -> None:
        self._check_process()
        if row // self.spec.layout.slots not in self._staging.shards or not 0 <= row < len(self.spec.ids):
            raise StoreError(f"{self.path}: row {row} is not among the rows of this writer")
        if row in self._staging.outcomes:
            raise StoreError(
                f"{self.path}: row {row} (clip {self.spec.ids[row]!r}) is already settled: "
                f"{self._staging.outcomes[row].status}"
            )

    def _check_process(self) -> None:
        if self._locks is None or os.getpid() != self._process:
            raise StoreError(
                f"{self.path}: this writer is closed, or belongs to another process; "
                "open a StoreWriter where it is used"
            )


def _shards_of(spec: StoreSpec, part: tuple[int, int] | None) -> range:
    if part is None:
        return range(spec.shards)
    number, parts = part
    if not 1 <= number <= parts:
        raise StoreError(f"part {number}/{parts}: expected i/n with i from 1 to n")
    return range(number - 1, spec.shards, parts)


def _check_folders(path: Path, work_dir: Path) -> None:
    if work_dir.resolve().is_relative_to(path.resolve()) or path.resolve().is_relative_to(work_dir.resolve()):
        raise StoreError(f"{path}: expected a work folder apart from the store, found {work_dir}")
    work_dir.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.stat(work_dir).st_dev != os.stat(path.parent).st_dev:
        raise StoreError(
            f"{path}: the store must lie on the file system of {work_dir}, so that it can be moved into place whole"
        )


def _exact(features: np.ndarray, dtype: str, where: str) -> np.ndarray:
    """``features`` in ``dtype``; refuses NaN, infinities and values outside the dtype's range."""
    if features.dtype != dtype and not np.can_cast(features.dtype, dtype, "same_kind"):
        raise StoreError(f"{where}: expected values for {dtype}, found {features.dtype}")
    with np.errstate(over="ignore"):
        cast = features.astype(dtype, copy=False)
    good = np.isfinite(cast) if cast.dtype.kind == "f" else cast == features
    if not good.all():
        raise StoreError(
            f"{where}: {int((~good).sum())} of {good.size} values are NaN, infinite or outside the range of {dtype}"
        )
    return np.ascontiguousarray(cast)
