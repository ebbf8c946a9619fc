"""MP4 files with other edit lists, written into their headers."""

import struct
from collections.abc import Iterator, Mapping, Sequence

Edits = Mapping[
    str, Sequence[tuple[float, float | None]]
]  # by handler (`vide`, `soun`): seconds shown, from which second (None: empty)


def with_edits(data: bytes, edits: Edits) -> bytes:
    """An MP4 whose header is behind its samples, with these edit lists in the place of its own."""
    boxes = [(kind, data[start:end]) for kind, start, end in _boxes(data, 0)]
    return b"".join(_moov(box, edits) if kind == b"moov" else box for kind, box in boxes)


def _boxes(data: bytes, start: int) -> Iterator[tuple[bytes, int, int]]:
    while start < len(data):
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        yield kind, start, start + size
        start += size


def _box(kind: bytes, inner: bytes) -> bytes:
    return struct.pack(">I4s", len(inner) + 8, kind) + inner


def _moov(box: bytes, edits: Edits) -> bytes:
    parts = [(kind, box[start:end]) for kind, start, end in _boxes(box, 8)]
    movie = next(struct.unpack(">I", part[20:24])[0] for kind, part in parts if kind == b"mvhd")
    return _box(b"moov", b"".join(_trak(part, edits, movie) if kind == b"trak" else part for kind, part in parts))


def _trak(box: bytes, edits: Edits, movie: int) -> bytes:
    """movie: units of a second in which the header counts what is shown."""
    times, handler = box.index(b"mdhd"), box.index(b"hdlr")
    media = struct.unpack(">I", box[times + 16 : times + 20])[0]
    rows = edits.get(box[handler + 12 : handler + 16].decode(), ())
    table = b"".join(
        struct.pack(">IiI", round(shown * movie), -1 if at is None else round(at * media), 1 << 16)
        for shown, at in rows
    )
    edts = _box(b"edts", _box(b"elst", struct.pack(">II", 0, len(rows)) + table)) if rows else b""
    parts = [(kind, box[start:end]) for kind, start, end in _boxes(box, 8) if kind != b"edts"]
    return _box(b"trak", b"".join((edts if kind == b"mdia" else b"") + part for kind, part in parts))
