"""Rows that need no computing: taken from a sealed store, or from work that another specification left unfinished.

Matched by clip id and fingerprint, never by row number, and only where recipe, weights, shape, dtype and code are the
same.
"""

import logging
from pathlib import Path

from cmg.store.documents import read_json
from cmg.store.errors import StoreError
from cmg.store.journal import NO_CRC, Outcome, pairs
from cmg.store.reader import FeatureStore
from cmg.store.schema import StoreSpec
from cmg.store.staging import Staging

LOG = logging.getLogger(__name__)
KNOWN = "known.json"


class SealedRows:
    """Rows of a sealed store; a shard serves only after its bytes matched the recorded checksum."""

    def __init__(self, store: FeatureStore, reasons: dict[str, str], remarks: dict[str, list[list[str]]]):
        self.store, self._reasons, self._remarks = store, reasons, remarks
        self._intact: dict[int, bool] = {}
        self.rows = {key: row for row, key in enumerate(zip(store.ids, store.fingerprints, strict=True))}

    def outcome(self, row: int) -> Outcome | None:
        """What became of the row; None when it cannot be served."""
        status = self.store.status_of(row)
        if status == "ok" and not self.intact(row // self.store.layout.slots):
            return None
        reason, remarks = self._reasons.get(str(row), ""), pairs(self._remarks.get(str(row), ()))
        return Outcome(status, int(self.store.valid[row]), NO_CRC, reason, remarks)

    def read(self, row: int) -> bytes:
        return self.store.read([row]).tobytes()

    def shard_file(self, shard: int) -> tuple[Path, dict]:
        name = self.store.shard_name(shard)
        return self.store.path / name, self.store.attrs["files"][name]

    def intact(self, shard: int) -> bool:
        """Whether the shard's bytes are those recorded when the store was sealed."""
        if shard not in self._intact:
            self._intact[shard] = self._served(shard)
        return self._intact[shard]

    def _served(self, shard: int) -> bool:
        try:
            return len(self.store.files[self.store.shard_name(shard)]) > 0
        except StoreError as error:
            LOG.warning("%s; its clips are extracted again", error)
            return False


class UnfinishedRows:
    """Rows of an abandoned staging folder (each vouched for by its CRC-32)."""

    def __init__(self, staging: Staging):
        self._staging = staging
        self.rows = {staging.spec.key(row): row for row in staging.outcomes}

    def outcome(self, row: int) -> Outcome | None:
        return self._staging.outcomes[row]

    def read(self, row: int) -> bytes:
        return self._staging.read(row)


def sealed_source(store: Path, previous: Path, spec: StoreSpec) -> SealedRows | None:
    """The sealed store at ``store`` as a source for ``spec``; None when there is none or it was made otherwise.

    Args:
        previous: folder that holds ``known.json``, what is known of one store (named there by its digest) and stays out
            of it: the code that made it, the reasons of its failures, the remarks about its clips.
    """
    if not (store / "zarr.json").exists():
        return None
    try:
        opened = FeatureStore(store)
    except StoreError as error:
        LOG.warning("nothing is reused from the previous store: %s", error)
        return None
    if opened.attrs["recipe_key"] != spec.recipe_key:
        return None
    file = previous / KNOWN
    known = read_json(file) if file.exists() else {}
    if known.get("store") != opened.digest:
        known = {}
    if spec.code and known.get("code") != spec.code:
        return None
    return SealedRows(opened, known.get("reasons", {}), known.get("remarks", {}))


def unfinished_source(folder: Path, spec: StoreSpec) -> UnfinishedRows | None:
    """The staging folder ``folder`` as a source for ``spec``; None when it was made otherwise, or by another
    version."""
    if not (folder / "plan.json").exists():
        return None
    try:
        staging = Staging.abandoned(folder)
    except StoreError as error:
        LOG.warning("nothing is reused from the unfinished work in %s: %s", folder, error)
        return None
    alike = (staging.spec.recipe_key, staging.spec.code) == (spec.recipe_key, spec.code)
    return UnfinishedRows(staging) if alike else None


def take(staging: Staging, source: SealedRows | UnfinishedRows, retry_failed: bool) -> int:
    """Settle every open row of ``staging`` that ``source`` has; returns how many."""
    return sum(
        _take_shard(staging, shard, source, retry_failed) for shard in staging.shards if not staging.complete(shard)
    )


def _take_shard(staging: Staging, shard: int, source: SealedRows | UnfinishedRows, retry_failed: bool) -> int:
    found: dict[int, tuple[int, Outcome]] = {}
    for row in staging.spec.shard_rows(shard):
        origin = source.rows.get(staging.spec.key(row))
        if origin is None or row in staging.outcomes:
            continue
        outcome = source.outcome(origin)
        if outcome is not None and (outcome.status == "ok" or not retry_failed):
            found[row] = origin, outcome
    if isinstance(source, SealedRows) and _same_shard(staging.spec, shard, source, found):
        staging.adopt(shard, *source.shard_file(shard), {row: outcome for row, (_, outcome) in found.items()})
        return len(found)
    for row, (origin, outcome) in found.items():
        if outcome.status == "ok":
            staging.put(row, source.read(origin), outcome.valid, outcome.remarks)
        else:
            staging.settle({row: outcome})
    return len(found)


def _same_shard(spec: StoreSpec, shard: int, source: SealedRows, found: dict[int, tuple[int, Outcome]]) -> bool:
    """Whether the sealed store's shard of this number holds exactly these rows, in the same layout."""
    store = source.store
    rows = spec.shard_rows(shard)
    if store.layout != spec.layout or len(found) != len(rows) or not source.intact(shard):
        return False
    theirs = range(rows.start, min(rows.start + spec.layout.slots, len(store)))
    return theirs == rows and all((store.ids[row], store.fingerprints[row]) == spec.key(row) for row in rows)
