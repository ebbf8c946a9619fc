"""Segment labels of VGGSound-AVEL: ten zeros and ones per clip and class, in the two json forms in circulation."""

import json
from pathlib import Path

from cmg.datasets.annotations import DatasetError, read_json
from cmg.datasets.clips import Event
from cmg.datasets.problems import Problems

SECONDS = 10
Segments = dict[str, dict[str, tuple[int, ...]]]


def read_segments(path: Path, problems: Problems) -> Segments:
    """Ten 0/1 values by video id and class.

    Forms: a list of one-entry objects `{id: {class: [..]}}`, or one object `{id: {class: [..]}}`. Entries of another
    shape become problems (line = position in the file, counted from 1). Raises DatasetError when the file is not json
    of either form.
    """
    data = read_json(path, "segment labels")
    if not isinstance(data, list | dict):
        raise DatasetError(f"{path}: expected a json list or object of segment labels, found {type(data).__name__}")
    found: Segments = {}
    for position, item in enumerate(
        [{key: value} for key, value in data.items()] if isinstance(data, dict) else data, start=1
    ):
        if not _is_entry(item):
            problems.add(
                path.name, position, "malformed", "expected {id: {class: ten zeros or ones}}", json.dumps(item)[:500]
            )
            continue
        ((video_id, labels),) = item.items()
        if video_id in found:
            problems.add(
                path.name, position, "duplicate", "the id has labels at an earlier position", json.dumps(item)[:500]
            )
        else:
            found[video_id] = {label: tuple(values) for label, values in labels.items()}
    return found


def _is_entry(item: object) -> bool:
    if not (isinstance(item, dict) and len(item) == 1):
        return False
    (labels,) = item.values()
    return isinstance(labels, dict) and all(
        isinstance(values, list) and len(values) == SECONDS and all(value in (0, 1) for value in values)
        for values in labels.values()
    )


def events_of(segments: Segments | None, video_id: str, category: str) -> tuple[list[Event], str]:
    """Events of one clip and a remark. Without a segment file, or where it lacks the clip, the class holds on all ten
    seconds."""
    whole = [Event(category, 0.0, float(SECONDS), "av")]
    if segments is None:
        return whole, ""
    values = segments.get(video_id, {}).get(category)
    if values is None:
        return whole, "no segment labels: the class is taken to hold on the whole clip"
    return [Event(category, float(start), float(end), "av") for start, end in runs(values)], ""


def runs(values: tuple[int, ...]) -> list[tuple[int, int]]:
    """Half-open ranges of consecutive ones."""
    edges = [0, *values, 0]
    changes = [second for second in range(len(edges) - 1) if edges[second] != edges[second + 1]]
    return list(zip(changes[::2], changes[1::2], strict=True))
