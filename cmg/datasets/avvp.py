"""AVVP (LLP): six TAB-separated files named .csv; weak labels for train, dense audio and visual events for val and
test.

Row order: train, val, test. `filename` is `<11-character YouTube id>_<start>_<end>`; media are video/<filename>.mp4 (or
<id>.mp4). Weak labels of train clips become events of modality `av` over the whole clip ("somewhere in it, heard or
seen"); val and test clips carry dense events of modality `audio` and `visual` only.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import Line, read_table, seconds
from cmg.datasets.clips import Event
from cmg.datasets.listing import Listing
from cmg.datasets.names import AVVP_CLASSES
from cmg.datasets.problems import Problems
from cmg.datasets.rows import IndexResult, Rows, annotation, optional_annotation

WEAK = {"train": "AVVP_train.csv", "val": "AVVP_val_pd.csv", "test": "AVVP_test_pd.csv"}
DENSE = {"audio": "AVVP_eval_audio.csv", "visual": "AVVP_eval_visual.csv"}
FULL = "AVVP_dataset_full.csv"
DURATION = 10.0
_NAME = re.compile(r"(.{11})_(\d+(?:\.\d+)?)_(\d+(?:\.\d+)?)", re.ASCII)


@dataclass(frozen=True)
class Options:
    """AVVP has no settings."""


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per line of the train, val and test lists."""
    rows = Rows(listing)
    weak = {split: _weak(annotation(root, listing, name), rows.problems) for split, name in WEAK.items()}
    dense = _dense(root, listing, {**weak["val"], **weak["test"]}, rows.problems)
    seen: dict[str, str] = {}
    for split, clips in weak.items():
        for name, (line, labels) in clips.items():
            if name in seen:
                rows.problems.add(
                    WEAK[split], line.number, "duplicate", f"the clip is already in {WEAK[seen[name]]}", line.text
                )
                continue
            seen[name] = split
            events = [Event(label, 0.0, DURATION, "av") for label in labels] if split == "train" else dense[name]
            _add(rows, name, split, line, events)
    _check_full(root, listing, seen, rows.problems)
    return rows.result()


def _weak(path: Path, problems: Problems) -> dict[str, tuple[Line, list[str]]]:
    """Line and known labels by filename, in file order."""
    found: dict[str, tuple[Line, list[str]]] = {}
    for line, (name, labels) in read_table(path, ["filename", "event_labels"], "\t", problems):
        if name in found:
            problems.add(
                path.name, line.number, "duplicate", f"the clip is already on line {found[name][0].number}", line.text
            )
            continue
        found[name] = (line, _known(path.name, line, labels, problems))
    return found


def _known(file: str, line: Line, labels: str, problems: Problems) -> list[str]:
    kept = []
    for label in labels.split(","):
        if label not in AVVP_CLASSES:
            problems.add(file, line.number, "unknown_class", f"{label!r} is not one of the 25 classes", line.text)
        elif label in kept:
            problems.add(file, line.number, "duplicate", f"label {label} stands twice", line.text)
        else:
            kept.append(label)
    return kept


def _dense(root: Path, listing: Listing, clips: dict[str, object], problems: Problems) -> dict[str, list[Event]]:
    """Dense events by filename: audio first, then visual, each in file order, exact duplicates dropped."""
    events: dict[str, list[Event]] = defaultdict(list)
    for modality, name in DENSE.items():
        path = annotation(root, listing, name)
        for line, fields in read_table(path, ["filename", "onset", "offset", "event_labels"], "\t", problems):
            event = _event(fields, modality)
            problem = _why_unusable(fields[0], event, clips, events)
            if problem:
                problems.add(name, line.number, *problem, line.text)
            elif event:
                events[fields[0]].append(event)
    return events


def _event(fields: Sequence[str], modality: str) -> Event | None:
    """The event of a dense line, None where its times are no seconds."""
    onset, offset = seconds(fields[1]), seconds(fields[2])
    return None if onset is None or offset is None else Event(fields[3], onset, offset, modality)


def _why_unusable(
    name: str, event: Event | None, clips: dict[str, object], events: dict[str, list[Event]]
) -> tuple[str, str] | None:
    """Kind and reason when a dense line is not an event of a known clip."""
    if name not in clips:
        return "orphan", "no val or test clip has this filename"
    if event is None or max(event.onset, event.offset) > DURATION:
        return "malformed", f"times are not seconds between 0 and {DURATION:g}"
    if event.label not in AVVP_CLASSES:
        return "unknown_class", f"{event.label!r} is not one of the 25 classes"
    if event.onset == event.offset:
        return "zero_length", f"onset = offset = {event.onset:g}"
    if event.onset > event.offset:
        return "inverted", f"onset {event.onset:g} after offset {event.offset:g}"
    return ("duplicate", "the same event stands on an earlier line") if event in events[name] else None


def _add(rows: Rows, name: str, split: str, line: Line, events: list[Event]) -> None:
    match = _NAME.fullmatch(name)
    good = match if match and float(match[2]) < float(match[3]) else None
    paths = tuple(f"video/{stem}.mp4" for stem in ([name, good[1]] if good else [name]))
    rows.add(
        name,
        visual=paths,
        audio=paths,
        split=split,
        origin=(WEAK[split], line.number, line.text),
        malformed="" if good else "expected a filename <11-character id>_<start>_<end>",
        events=events,
        duration=DURATION,
        source_start=float(good[2]) if good else None,
    )


def _check_full(root: Path, listing: Listing, seen: dict[str, str], problems: Problems) -> None:
    path = optional_annotation(root, listing, FULL)
    if path is None:
        return
    for line, (name, _) in read_table(path, ["filename", "event_labels"], "\t", problems):
        if name not in seen:
            problems.add(FULL, line.number, "orphan", "in none of the train, val and test lists", line.text)
