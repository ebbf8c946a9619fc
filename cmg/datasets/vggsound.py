"""VGGSound: vggsound.csv (`id,start,label,split`, no header, labels with commas quoted) and video/<id>_<start, 6
digits>.mp4.

Row order is the csv's; a clip id is `<id>_<start, 6 digits>`, since a video may have several clips. `read_starts`
serves the AVEL reader.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import csv_fields, read_lines
from cmg.datasets.clips import Event
from cmg.datasets.listing import Listing
from cmg.datasets.problems import Problems
from cmg.datasets.rows import IndexResult, Rows, annotation

Starts = dict[str, tuple[int, ...]]
DURATION = 10.0


@dataclass(frozen=True)
class Options:
    """VGGSound has no settings."""


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per csv line; a repeated (id, start) is a duplicate and only its first line is kept."""
    rows = Rows(listing)
    path = annotation(root, listing, "vggsound.csv")
    seen: dict[str, int] = {}
    for line in read_lines(path, rows.problems):
        fields = csv_fields(path, line, rows.problems)
        if fields is None:
            continue
        if len(fields) != 4 or not _is_start(fields[1]):
            rows.problems.add(path.name, line.number, "malformed", "expected id,start,label,split", line.text)
            continue
        clip_id = f"{fields[0]}_{int(fields[1]):06d}"
        first = seen.setdefault(clip_id, line.number)
        if first != line.number:
            rows.problems.add(path.name, line.number, "duplicate", f"the clip is already on line {first}", line.text)
        else:
            _add(rows, (path.name, line.number, line.text), clip_id, fields)
    return rows.result()


def _add(rows: Rows, origin: tuple[str, int, str], clip_id: str, fields: list[str]) -> None:
    _, start, label, split = fields
    good = label.strip() != "" and split in ("train", "test")
    paths = (f"video/{clip_id}.mp4",)
    rows.add(
        clip_id,
        visual=paths,
        audio=paths,
        split=split if good else "",
        origin=origin,
        malformed="" if good else f"expected a label and train or test, found {label!r} and {split!r}",
        events=[Event(label, 0.0, DURATION, "av")] if good else [],
        duration=DURATION,
        source_start=float(start),
    )


def _is_start(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7


def read_starts(path: Path, problems: Problems) -> Starts:
    """Sorted distinct start seconds by YouTube id.

    Two forms: vggsound.csv (four columns, labels with commas quoted), and a table with the header `video_id,starts`
    whose second column joins the seconds by `;` (an empty one means unknown). Unusable lines become problems.
    """
    found: dict[str, set[int]] = defaultdict(set)
    for line in read_lines(path, problems):
        fields = csv_fields(path, line, problems)
        if fields is None or fields == ["video_id", "starts"]:
            continue
        times = fields[1].split(";") if len(fields) == 2 and fields[1] else [fields[1]] if len(fields) == 4 else []
        if len(fields) not in (2, 4) or not all(map(_is_start, times)):
            problems.add(path.name, line.number, "malformed", "expected id,start,label,split or id,starts", line.text)
            continue
        found[fields[0]].update(map(int, times))
    return {video_id: tuple(sorted(times)) for video_id, times in found.items()}
