"""What became of each row of one shard, appended to a text file as it happens.

A line is JSON, a tab and its own CRC-32; a line cut short by a crash is dropped, and so is everything after it.
"""

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cmg.files import naming, replacing
from cmg.store.documents import canonical_json

NO_CRC = -1


@dataclass(frozen=True)
class Outcome:
    """One settled row.

    Attributes:
        status: name in ``schema.STATUS``.
        valid: seconds (words) that hold content; 0 for a failure.
        crc: CRC-32 of the raw clip bytes; ``NO_CRC`` for a failure, and for a clip in a shard taken over whole (its
            mark vouches for it).
        reason: why it failed; "" for ``ok``.
        remarks: (kind, text) of what was decided for a row that is ``ok``.
    """

    status: str
    valid: int
    crc: int
    reason: str = ""
    remarks: tuple[tuple[str, str], ...] = ()


def append(file: Path, outcomes: Mapping[int, Outcome]) -> None:
    """Add rows to the journal with one write."""
    data = "".join(_line(row, outcome) for row, outcome in outcomes.items()).encode()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        with naming(file):
            write_fully(descriptor, data)
    finally:
        os.close(descriptor)


def write_fully(descriptor: int, data: bytes | memoryview, offset: int | None = None) -> None:
    """Write all of ``data`` at ``offset`` (None: where the descriptor stands), however many calls the kernel needs."""
    view = memoryview(data)
    while view:
        written = os.write(descriptor, view) if offset is None else os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset = None if offset is None else offset + written


def load(file: Path) -> dict[int, Outcome]:
    """Rows of a journal, up to the first damaged line; the last line of a row counts."""
    if not file.exists():
        return {}
    outcomes = {}
    for line in file.read_bytes().splitlines(keepends=True):
        body, tab, check = line.rpartition(b"\t")
        if not tab or check != b"%08x\n" % zlib.crc32(body):
            break
        row, status, valid, crc, reason, *remarks = json.loads(body)
        outcomes[row] = Outcome(status, valid, crc, reason, pairs(remarks))
    return outcomes


def rewrite(file: Path, outcomes: Mapping[int, Outcome]) -> None:
    """Replace the journal by these rows, atomically."""
    if not outcomes:
        file.unlink(missing_ok=True)
        return
    with replacing(file) as temporary:
        append(temporary, outcomes)


def select(outcomes: Mapping[int, Outcome], rows: Iterable[int]) -> dict[int, Outcome]:
    """The outcomes of ``rows`` that are settled, in row order."""
    return {row: outcomes[row] for row in rows if row in outcomes}


def pairs(remarks: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    """Remarks as an outcome has them, from lists as json has them."""
    return tuple((kind, text) for kind, text in remarks)


def _line(row: int, outcome: Outcome) -> str:
    body = canonical_json([row, outcome.status, outcome.valid, outcome.crc, outcome.reason, *outcome.remarks])
    return f"{body}\t{zlib.crc32(body.encode()):08x}\n"
