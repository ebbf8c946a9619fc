"""AVE: Annotations.txt (`&`-separated, with or without header), trainSet/valSet/testSet.txt, AVE/<VideoID>.mp4.

The row number in Annotations.txt (0-based, header not counted) is the key that every released h5 file uses, and is our
row. Splits are assigned to rows through Set lines equal to Annotations lines: ids repeat, and some are in two splits.
"""

from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import Line, read_lines, seconds
from cmg.datasets.clips import Event
from cmg.datasets.listing import Listing
from cmg.datasets.problems import Problems
from cmg.datasets.rows import IndexResult, Rows, annotation

HEADER = "Category&VideoID&Quality&StartTime&EndTime"
SETS = {"train": "trainSet.txt", "val": "valSet.txt", "test": "testSet.txt"}
DURATION = 10.0


@dataclass(frozen=True)
class Options:
    """AVE has no settings."""


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per Annotations line, in that order; a line that cannot be read keeps its row as `malformed`."""
    rows = Rows(listing)
    splits = _splits(root, listing, rows.problems)
    path = annotation(root, listing, "Annotations.txt")
    used: set[str] = set()
    for line in read_lines(path, rows.problems):
        if line.text == HEADER and not rows.clips:
            continue
        used.add(line.text)
        _add(rows, path.name, line, splits.get(line.text))
    for text, (split, number) in splits.items():
        if text not in used:
            rows.problems.add(SETS[split], number, "orphan", "no such line in Annotations.txt", text)
    return rows.result()


def _splits(root: Path, listing: Listing, problems: Problems) -> dict[str, tuple[str, int]]:
    """Split and line number by line text, from the three Set files."""
    found: dict[str, tuple[str, int]] = {}
    for split, name in SETS.items():
        for line in read_lines(annotation(root, listing, name), problems):
            if line.text in found:
                first, number = found[line.text]
                problems.add(
                    name, line.number, "duplicate", f"this line is already in {SETS[first]}, line {number}", line.text
                )
            elif line.text != HEADER:
                found[line.text] = (split, line.number)
    return found


def _add(rows: Rows, file: str, line: Line, place: tuple[str, int] | None) -> None:
    fields = line.text.split("&")
    origin = (file, line.number, line.text)
    if len(fields) != 5:
        rows.add(f"line {line.number}", split="", origin=origin, malformed=f"expected 5 fields, found {len(fields)}")
        return
    category, video_id, _, onset, offset = fields
    start, end = seconds(onset), seconds(offset)
    malformed = _why_malformed(category, start, end, place)
    events = (
        [] if malformed or start is None or end is None else _events(rows.problems, origin, Event(category, start, end))
    )
    path = f"AVE/{video_id}.mp4"
    rows.add(
        video_id,
        visual=(path,),
        audio=(path,),
        split=place[0] if place else "",
        origin=origin,
        malformed=malformed,
        events=events,
        duration=DURATION,
        reason="" if events else "no event: every second is background",
    )


def _why_malformed(category: str, start: float | None, end: float | None, place: tuple[str, int] | None) -> str:
    if not category.strip():
        return "no category"
    if start is None or end is None:
        return "times are not seconds"
    if end > DURATION:
        return f"the event ends after {DURATION:g} s"
    return "" if place else "in none of trainSet.txt, valSet.txt and testSet.txt"


def _events(problems: Problems, origin: tuple[str, int, str], event: Event) -> list[Event]:
    """The event, or nothing and a problem row when it has no extent."""
    if event.offset > event.onset:
        return [event]
    kind = "zero_length" if event.offset == event.onset else "inverted"
    problems.add(
        *origin[:2],
        kind,
        f"onset {event.onset:g}, offset {event.offset:g}: every second of the clip is background",
        origin[2],
    )
    return []
