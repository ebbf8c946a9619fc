"""VALOR-32K: desc_{train,val,test}.json (lists of `{video_id, desc}`) and video/<video_id>.mp4.

A video id is `<11-character YouTube id>_<start>.000_<end>.000`: it holds dots and may begin with `-` or `_`, so nothing
is split on dots. Row order: train, val, test, each in file order.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import DatasetError, read_json
from cmg.datasets.listing import Listing
from cmg.datasets.rows import IndexResult, Rows, annotation

_NAME = re.compile(r".{11}_(\d+(?:\.\d+)?)_\d+(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Options:
    """splits: which description files to index, comma separated."""

    splits: str = "train,val,test"


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per described clip; the description is its caption (runs of blanks become one)."""
    wanted = options.splits.split(",")
    if not set(wanted) <= {"train", "val", "test"}:
        raise DatasetError(f"valor32k: splits {options.splits!r}: expected some of train,val,test")
    rows = Rows(listing)
    seen: set[str] = set()
    for split in (split for split in ("train", "val", "test") if split in wanted):
        path = annotation(root, listing, f"desc_{split}.json")
        for position, entry in enumerate(_entries(path), start=1):
            _add(rows, (path.name, position, json.dumps(entry)[:500]), entry, split, seen)
    return rows.result()


def _entries(path: Path) -> list:
    data = read_json(path, "descriptions")
    if not isinstance(data, list):
        raise DatasetError(f"{path}: expected a json list of {{video_id, desc}}, found {type(data).__name__}")
    return data


def _add(rows: Rows, origin: tuple[str, int, str], entry: object, split: str, seen: set[str]) -> None:
    if not (isinstance(entry, dict) and isinstance(entry.get("video_id"), str) and isinstance(entry.get("desc"), str)):
        rows.problems.add(*origin[:2], "malformed", "expected {video_id, desc}", origin[2])
        return
    name, caption = entry["video_id"], " ".join(entry["desc"].split())
    if name in seen:
        rows.problems.add(*origin[:2], "duplicate", "the clip is described at an earlier place", origin[2])
        return
    seen.add(name)
    match = _NAME.fullmatch(name)
    path = (f"video/{name}.mp4",)
    malformed = "" if match and caption else "expected an id <11 characters>_<start>_<end> and a description"
    start = float(match[1]) if match else None
    rows.add(
        name,
        visual=path,
        audio=path,
        split=split,
        origin=origin,
        malformed=malformed,
        captions=(caption,) if caption else (),
        source_start=start,
    )
