"""Files that are several files, one behind the other, of which FFmpeg reads but the first, or all as the first one's
header says: raw FLAC, RIFF (WAV, AVI) and chained Ogg. Each part may have a rate, layout and depth of its own."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path

FLAC = b"fLaC\x00\x00\x00\x22"  # its mark, and the head of the block that always comes first
OGG = b"OggS\x00"
OGG_HEAD = 27  # bytes of a page before the sizes of its segments
BEGINS = 0x02  # flag of the pages with which the streams of an Ogg begin
RIFF, RIFF_HEAD = b"RIFF", 8  # bytes that the size in its header does not count
CONTINUED = b"AVIX"  # a further RIFF of the same AVI


@dataclass(frozen=True)
class Part:
    """Bytes `start` to `end` of a file, which are a file of their own."""

    path: Path
    start: int
    end: int

    def open(self) -> io.BytesIO:
        """Its bytes, as a file that can be read."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return io.BytesIO(file.read(self.end - self.start))


def parts_of(path: Path) -> list[Path | Part]:
    """The files that were joined to this one, in order; where it is but one, or cannot be opened, its path."""
    try:
        with path.open("rb") as file:
            starts = list(_starts(file))
    except (OSError, ValueError):  # mmap's word for a file without bytes
        return [path]
    if len(starts) < 2:
        return [path]
    return [Part(path, start, end) for start, end in zip(starts, [*starts[1:], path.stat().st_size], strict=True)]


def _starts(file: io.BufferedReader) -> Iterator[int]:
    """Where parts begin, in bytes; nothing in formats other than these."""
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        head = data[: 1 << 12]
        if head.startswith(OGG):
            yield from _links(data)
        elif head.startswith(RIFF):
            yield from _riffs(data)
        elif FLAC in head and head.startswith((FLAC, b"ID3")):
            yield from _places(data, FLAC)


def _places(data: mmap, mark: bytes) -> Iterator[int]:
    place = data.find(mark)
    while place >= 0:
        yield place
        place = data.find(mark, place + len(mark))


def _riffs(data: mmap) -> Iterator[int]:
    """Each begins where the one before says that it ends, at an even byte."""
    place = 0
    while data[place : place + len(RIFF)] == RIFF:
        if data[place + RIFF_HEAD : place + RIFF_HEAD + len(CONTINUED)] != CONTINUED:
            yield place
        size = int.from_bytes(data[place + len(RIFF) : place + RIFF_HEAD], "little")
        place += RIFF_HEAD + size + size % 2


def _links(data: mmap) -> Iterator[int]:
    """Where the links of a chained Ogg begin: at a page that begins a stream and follows one that does not."""
    begins = False
    place = data.find(OGG)
    while 0 <= place < len(data) - OGG_HEAD:
        before, begins = begins, bool(data[place + 5] & BEGINS)
        if begins and not before:
            yield place
        sizes = data[place + OGG_HEAD : place + OGG_HEAD + data[place + OGG_HEAD - 1]]
        place = data.find(OGG, place + OGG_HEAD + len(sizes) + sum(sizes))
