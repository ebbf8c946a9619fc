"""The clip index: one row per clip in canonical order, as Parquet with deterministic bytes."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cmg.files import write_bytes

SPLITS = ("train", "val", "test", "")  # "" only where a malformed line names no split
STATUSES = ("ok", "missing", "malformed", "refused")
VERSION = "2"  # of the schema
MODALITIES = ("av", "audio", "visual")


class BadIndex(ValueError):
    """An index file that does not follow the schema."""


@dataclass(frozen=True)
class Event:
    """A class active for onset <= t < offset (seconds from the start of the clip); heard, seen, or both (`av`)."""

    label: str
    onset: float
    offset: float
    modality: str = "av"


@dataclass(frozen=True)
class Clip:
    """One row. The row, not the id, is the key: AVE repeats ids.

    visual, audio: media paths relative to the dataset root, or None (an MP4 is both).
    files: where visual is a folder, the files that its fingerprint is over: its images in order, then masks that lie
    elsewhere.
    start: seconds into the media file at which the clip begins; duration: nominal seconds, None = as long as the file.
    source_start: seconds into the YouTube video the file was cut from, where known.
    fingerprints: as in the listing, "" where there is no file.
    reason: why the status is not ok, or a remark on an ok row (for example how an ambiguous start was resolved).
    """

    row: int
    clip_id: str
    visual: str | None = None
    audio: str | None = None
    start: float = 0.0
    duration: float | None = 10.0
    split: str = ""
    events: tuple[Event, ...] = ()
    captions: tuple[str, ...] = ()
    visual_fingerprint: str = ""
    audio_fingerprint: str = ""
    status: str = "ok"
    reason: str = ""
    source_start: float | None = None
    files: tuple[str, ...] = ()


# what pyarrow raises of bytes in memory
_DAMAGED = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError)
_EVENT = pa.struct(
    [("label", pa.string()), ("onset", pa.float64()), ("offset", pa.float64()), ("modality", pa.string())]
)
SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("visual", pa.string()),
        pa.field("audio", pa.string()),
        pa.field("start", pa.float64(), nullable=False),
        pa.field("duration", pa.float64()),
        pa.field("split", pa.string(), nullable=False),
        pa.field("events", pa.list_(_EVENT), nullable=False),
        pa.field("captions", pa.list_(pa.string()), nullable=False),
        pa.field("visual_fingerprint", pa.string(), nullable=False),
        pa.field("audio_fingerprint", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("source_start", pa.float64()),
        pa.field("files", pa.list_(pa.string()), nullable=False),
    ],
    metadata={"cmg.index": VERSION},
)


def write_index(path: Path, clips: Sequence[Clip]) -> None:
    """Write the index; atomic; the same clips give the same bytes under the same pyarrow.

    Raises BadIndex when rows are not 0..N-1 in order, or a split, status or event modality is not a known one.
    """
    _check(Path(path), clips)
    columns = [[_plain(clip, field.name) for clip in clips] for field in SCHEMA]
    table = pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", use_dictionary=True, row_group_size=1 << 16)
    write_bytes(Path(path), sink.getvalue())


def read_index(path: Path) -> list[Clip]:
    """The clips in row order. Raises BadIndex when the file has another schema or is damaged."""
    table = _table(Path(path))
    if (
        not table.schema.equals(SCHEMA, check_metadata=False)
        or (table.schema.metadata or {}).get(b"cmg.index") != VERSION.encode()
    ):
        found = ", ".join(f"{field.name}: {field.type}" for field in table.schema)
        raise BadIndex(
            f"{path}: not a clip index of version {VERSION} (found columns {found}); make it again: dvc repro"
        )
    try:
        clips = [_clip(record) for record in table.to_pylist()]
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    _check(Path(path), clips)
    return clips


def _table(path: Path) -> pa.Table:
    data = path.read_bytes()
    try:
        return pq.ParquetFile(pa.BufferReader(data)).read()
    except _DAMAGED as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> BadIndex:
    return BadIndex(
        f"{path}: not a parquet file ({' '.join(str(error).split())}); remove it and make it again: dvc repro"
    )


def counts(clips: Iterable[Clip]) -> Counter[tuple[str, str]]:
    """Number of clips by (split, status)."""
    return Counter((clip.split, clip.status) for clip in clips)


def _plain(clip: Clip, name: str) -> object:
    value = getattr(clip, name)
    return (
        [asdict(event) for event in value] if name == "events" else list(value) if isinstance(value, tuple) else value
    )


def _clip(record: dict) -> Clip:
    record["events"] = tuple(Event(**event) for event in record["events"])
    record["captions"], record["files"] = tuple(record["captions"]), tuple(record["files"])
    return Clip(**record)


def _check(path: Path, clips: Sequence[Clip]) -> None:
    for expected, clip in enumerate(clips):
        if clip.row != expected:
            raise BadIndex(f"{path}: clip {clip.clip_id!r}: expected row {expected}, found {clip.row}")
        for name, value, known in (("split", clip.split, SPLITS), ("status", clip.status, STATUSES)):
            if value not in known:
                raise BadIndex(
                    f"{path}: clip {clip.clip_id!r}: {name} {value!r} is not one of {', '.join(map(repr, known))}"
                )
        for event in clip.events:
            if event.modality not in MODALITIES:
                raise BadIndex(
                    f"{path}: clip {clip.clip_id!r}: "
                    f"event modality {event.modality!r} is not one of {', '.join(MODALITIES)}"
                )
