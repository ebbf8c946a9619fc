"""VGGSound-AVEL: a csv `category,video_id,split` and media video/<id>.mp4 or video/<id>_<start, 6 digits>.mp4.

Row order is the csv's. The csv has no start second: it is resolved against vggsound.csv (or a `video_id,starts` table,
or the media names) by the author's rule, the larger timestamp; ambiguous ids say so in `reason`. Each clip's caption is
its class's prompt.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cmg.datasets.annotations import DatasetError, read_table
from cmg.datasets.listing import Listing
from cmg.datasets.problems import Problems
from cmg.datasets.prompts import FOLDER, prompt_of, read_prompts
from cmg.datasets.rows import IndexResult, Rows, annotation, optional_annotation
from cmg.datasets.segments import Segments, events_of, read_segments
from cmg.datasets.vggsound import Starts, read_starts

VERSIONS = {
    "40k": ("vggsound-avel40k.csv",),
    "90k": ("vggsound-avel90k-new.csv", "vggsound-avel90k.csv"),
}
STARTS = ("vggsound.csv", "vggsound_starts.csv")
DURATION = 10.0
_MEDIA = re.compile(r"(?:.*/)?(.+)_(\d{6})\.mp4", re.ASCII)


@dataclass(frozen=True)
class Options:
    """version: 40k or 90k. prompts: a `label,prompt` csv below the root (default: the project's own).

    segments: a segment-label json below the root, by name; without one the class holds on the whole clip.
    """

    version: str = "40k"
    prompts: str | None = None
    segments: str | None = None


@dataclass(frozen=True)
class _Tables:
    starts: Starts
    on_disk: Starts
    prompts: Mapping[str, str]
    prompts_path: Path
    segments: Segments | None
    seen: dict[str, int] = field(default_factory=dict)


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per csv line; a repeated id is a duplicate and only its first line is kept."""
    if options.version not in VERSIONS:
        raise DatasetError(f"vggsound_avel: version {options.version!r} is not one of {', '.join(VERSIONS)}")
    rows = Rows(listing)
    path = annotation(root, listing, *VERSIONS[options.version])
    tables = _tables(root, listing, options, rows.problems)
    for line, (category, video_id, split) in read_table(path, ["category", "video_id", "split"], ",", rows.problems):
        first = tables.seen.setdefault(video_id, line.number)
        if first != line.number:
            rows.problems.add(path.name, line.number, "duplicate", f"the id is already on line {first}", line.text)
        else:
            _add(rows, (path.name, line.number, line.text), category, video_id, split, tables)
    return rows.result()


def _tables(root: Path, listing: Listing, options: Options, problems: Problems) -> _Tables:
    starts = optional_annotation(root, listing, *STARTS)
    prompts = annotation(root, listing, options.prompts) if options.prompts else FOLDER / "vggsound_avel.csv"
    segments = annotation(root, listing, options.segments) if options.segments else None
    return _Tables(
        starts=read_starts(starts, problems) if starts else {},
        on_disk=_starts_on_disk(listing),
        prompts=read_prompts(prompts),
        prompts_path=prompts,
        segments=read_segments(segments, problems) if segments else None,
    )


def _starts_on_disk(listing: Listing) -> Starts:
    found: dict[str, set[int]] = defaultdict(set)
    for entry in listing.folders.get("video", ()):
        match = _MEDIA.fullmatch(entry.path)
        if match:
            found[match[1]].add(int(match[2]))
    return {video_id: tuple(sorted(times)) for video_id, times in found.items()}


def _add(rows: Rows, origin: tuple[str, int, str], category: str, video_id: str, split: str, tables: _Tables) -> None:
    known_split = split in ("train", "val", "test")
    malformed = "" if known_split and category else f"expected a category and a split, found {category!r} and {split!r}"
    start, remark = resolve_start(tables.starts.get(video_id, ()), tables.on_disk.get(video_id, ()))
    paths = [f"video/{video_id}.mp4"] + ([f"video/{video_id}_{start:06d}.mp4"] if start is not None else [])
    events, gap = ([], "") if malformed else events_of(tables.segments, video_id, category)
    rows.add(
        video_id,
        visual=paths,
        audio=paths,
        split=split if known_split else "",
        origin=origin,
        malformed=malformed,
        reason="; ".join(part for part in (remark, gap) if part),
        events=events,
        captions=() if malformed else (prompt_of(category, tables.prompts, tables.prompts_path),),
        duration=DURATION,
        source_start=None if start is None else float(start),
    )


def resolve_start(listed: tuple[int, ...], on_disk: tuple[int, ...]) -> tuple[int | None, str]:
    """The start second of a VGGSound clip whose csv names only the video, and a remark where the rule had to choose.

    listed: starts in vggsound.csv; on_disk: starts in the names of the media files. The larger timestamp wins (the AVEL
    author's rule) among the listed ones that are on disk, else among the listed, else among those on disk.
    """
    both = tuple(time for time in listed if time in on_disk)
    candidates = both or listed or on_disk
    if not candidates:
        return None, ""
    if len(candidates) == 1 and len(listed) <= 1:
        return candidates[0], ""
    return max(candidates), f"start {max(candidates)} s chosen from {';'.join(map(str, listed or on_disk))}"
