"""A dataset of your own: one csv of files,
`path[,clip_id][,start][,duration][,label][,onset][,offset][,caption][,split]`.

A line is a clip or one of its events: lines of one `clip_id` (without that column: of one path, start and duration) are
one clip, which has their labels as events and their captions. Times are seconds; onset and offset count from the clip's
start, and a label without them holds on the whole clip. A file is seen, heard or both as its name ends. Row order:
first appearance.

Where no line has a split, clips are drawn into train, val and test by rule: files of a label in the order of the
SHA-256 of "<seed>:<path>", the first `test` of them test, the next `val` of them val. Clips of one file stay together.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from cmg.datasets.annotations import DatasetError, Line, read_records, seconds
from cmg.datasets.clips import Event
from cmg.datasets.listing import Listing
from cmg.datasets.problems import Problems
from cmg.datasets.rows import IndexResult, Rows, annotation
from cmg.datasets.suffixes import kinds

COLUMNS = ("path", "clip_id", "start", "duration", "label", "onset", "offset", "caption", "split")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Options:
    """manifest: the csv, below the root. test, val: shares of the clips that are drawn where the csv has no splits;
    seed: of the draw.

    sentences: what text features are made of: `captions` of the csv, or the `labels` of a clip (`_` becomes a blank).
    """

    manifest: str = ""
    test: float = 0.2
    val: float = 0.1
    seed: int = 2025
    sentences: str = "captions"


@dataclass
class _Draft:
    """A clip under construction. origin: file, number and text of its first line."""

    fields: Mapping[str, str]
    origin: tuple[str, int, str]
    events: list[Event] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per clip of the manifest."""
    _check(options)
    rows = Rows(listing)
    path = annotation(root, listing, options.manifest)
    drafts: dict[tuple[str, ...], _Draft] = {}
    for line, fields in _lines(path, rows.problems):
        draft = drafts.setdefault(_identity(fields), _Draft(fields, (path.name, line.number, line.text)))
        _extend(draft, fields, line, path.name, rows.problems)
    splits = _drawn(drafts.values(), options)
    for draft in drafts.values():
        _add(rows, draft, splits, options)
    return rows.result()


def _check(options: Options) -> None:
    if not options.manifest:
        raise DatasetError(
            "a dataset of `source: csv` needs `manifest:`, the name of a csv in its folder (docs/own_data.md)"
        )
    if not (0 <= options.test and 0 <= options.val and options.test + options.val < 1):
        raise DatasetError(
            f"{options.manifest}: test {options.test} and val {options.val} must be shares whose sum is below 1"
        )
    if options.sentences not in ("captions", "labels"):
        raise DatasetError(f"{options.manifest}: sentences: expected captions or labels, found {options.sentences!r}")


def _lines(path: Path, problems: Problems) -> list[tuple[Line, dict[str, str]]]:
    """Lines with their fields by column, blanks around them taken off. Raises DatasetError for a header that is none of
    ours."""
    records = read_records(path, problems)
    header = [name.strip() for name in next(records, (None, []))[1]]
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or "path" not in header or len(set(header)) < len(header):
        near = [
            f"{name!r} (did you mean {close[0]!r}?)"
            for name in unknown
            if (close := get_close_matches(name, COLUMNS, 1))
        ]
        wrong = f"; unknown: {', '.join(near or map(repr, unknown))}" if unknown else ""
        raise DatasetError(
            f"{path}: expected a header with path and any of {', '.join(COLUMNS[1:])}, "
            f"found {','.join(header)!r}{wrong}"
        )
    found = []
    for line, fields in records:
        if len(fields) != len(header):
            problems.add(
                path.name, line.number, "malformed", f"expected {len(header)} fields, found {len(fields)}", line.text
            )
        else:
            found.append((line, dict(zip(header, map(str.strip, fields), strict=True))))
    return found


def _identity(fields: Mapping[str, str]) -> tuple[str, ...]:
    own = fields.get("clip_id", "")
    return (own,) if own else ("", *(fields.get(name, "") for name in ("path", "start", "duration")))


def _extend(draft: _Draft, fields: Mapping[str, str], line: Line, file: str, problems: Problems) -> None:
    """Count one line in: its event and its caption. One that contradicts the clip's first line is a problem and not
    used."""
    for name in ("path", "start", "duration", "split"):
        first, found = draft.fields.get(name, ""), fields.get(name, "")
        if found != first:
            problems.add(
                file, line.number, "malformed", f"{name} {found!r}, and {first!r} on the clip's first line", line.text
            )
            return
    event = _event(fields)
    if isinstance(event, str):
        problems.add(file, line.number, "malformed", event, line.text)
    elif event and event not in draft.events:
        draft.events.append(event)
    caption = " ".join(fields.get("caption", "").split())
    if caption and caption not in draft.captions:
        draft.captions.append(caption)


def _event(fields: Mapping[str, str]) -> Event | str | None:
    """The event of a line, what is wrong with it, or None where it has no label."""
    label, onset, offset = (fields.get(name, "") for name in ("label", "onset", "offset"))
    if not label:
        return "onset and offset without a label" if onset or offset else None
    start, end = seconds(onset or "0"), seconds(offset) if offset else math.inf
    if start is None or end is None:
        return "onset and offset are not seconds"
    if start >= end:
        return f"offset {end:g} is not after onset {start:g}"
    last = seconds(fields.get("duration", ""))
    return (
        Event(label, start, end)
        if last is None or start < last
        else f"onset {start:g} is behind the clip, which lasts {last:g} seconds"
    )


def _drawn(drafts: Collection[_Draft], options: Options) -> dict[str, str] | None:
    """Split by path, by rule; None where the manifest has splits."""
    if any(draft.fields.get("split") for draft in drafts):
        return None
    by_label: dict[str, dict[str, None]] = defaultdict(dict)
    seen: set[str] = set()
    for draft in drafts:
        path = draft.fields["path"]
        if path not in seen:
            by_label[draft.events[0].label if draft.events else ""][path] = None
            seen.add(path)
    found: dict[str, str] = {}
    for paths in by_label.values():
        ordered = sorted(
            paths, key=lambda path: hashlib.sha256(f"{options.seed}:{path}".encode(errors="replace")).hexdigest()
        )
        test, val = (_count(share, len(ordered)) for share in (options.test, options.val))
        for place, path in enumerate(ordered):
            found[path] = "test" if place < test else "val" if place < test + val else "train"
    return found


def _count(share: float, files: int) -> int:
    """How many of a label's files: the share, and at least one where three or more files leave one for each split."""
    return max(round(share * files), int(share > 0 and files > 2))


def _add(rows: Rows, draft: _Draft, splits: Mapping[str, str] | None, options: Options) -> None:
    path, split = draft.fields["path"], draft.fields.get("split", "")
    start, duration = (
        seconds(text) if (text := draft.fields.get(name, "")) else None for name in ("start", "duration")
    )
    given = {name for name in ("start", "duration") if draft.fields.get(name)}
    wrong = [
        f"{name} is not seconds"
        for name, value in (("start", start), ("duration", duration))
        if name in given and value is None
    ]
    wrong += [] if path else ["no path"]
    wrong += ["duration is 0"] if duration == 0 else []
    malformed = wrong[0] if wrong else ""
    if splits is None and split not in SPLITS:
        malformed = malformed or f"expected the split train, val or test, as other lines have, found {split!r}"
    visual, audio = kinds(path)
    labels = tuple(dict.fromkeys(event.label.replace("_", " ") for event in draft.events))
    rows.add(
        draft.fields.get("clip_id") or _named(path, draft.fields.get("start", "")),
        visual=(path,) if visual else (),
        audio=(path,) if audio else (),
        split=splits[path] if splits is not None else split if split in SPLITS else "",
        origin=draft.origin,
        malformed=malformed,
        reason="" if splits is None else f"split drawn, seed {options.seed}",
        events=draft.events,
        captions=labels if options.sentences == "labels" else draft.captions,
        start=start or 0.0,
        duration=duration,
        source_start=start or 0.0 if duration else None,  # the file may go on behind the clip
    )


def _named(path: str, start: str) -> str:
    """An id where the manifest gives none: the path in one piece, and the start of the clip where it has one."""
    return path.replace("/", "_") + (f"_{start}" if start else "")
