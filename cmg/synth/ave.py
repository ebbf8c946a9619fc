"""Plan of AVE: `&`-separated annotations, one row per video and category, three split lists, media under `AVE/`.

Facts: datasets.md 3.3. Rows, not ids, are the key: some videos have two rows. Times are integer seconds, [start, end).
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from cmg.synth import avvp
from cmg.synth.concepts import labels
from cmg.synth.plan import ClipPlan, DatasetPlan, Event, Media, damage_of, damaged, lendable, simple_clips
from cmg.synth.spec import CorpusSpec

HEADER = "Category&VideoID&Quality&StartTime&EndTime"
EMPTY, DAMAGED, PAIRS, STRADDLING = 2, 3, (7, 8), 9
LENT = 3


@dataclass(frozen=True)
class AveRow:
    """One annotation: the class, its clip and the seconds [start, end) in which it is heard and seen."""

    concept: str
    clip: ClipPlan
    start: int
    end: int


@lru_cache(maxsize=4)
def rows(spec: CorpusSpec) -> dict[str, tuple[AveRow, ...]]:
    """Annotation rows of train, val and test. Train also lists a few AVVP test clips; the damaged clips are in
    train."""
    names = list(labels("ave", spec))
    counts = spec.ave
    lent = lendable([item.clip for item in avvp.clips(spec)["test"]], names)[: LENT if counts.train > 2 * LENT else 0]
    extra = len(PAIRS) if spec.defects else 0
    train = simple_clips(spec, "ave", "train", counts.train - len(lent) - extra, names, whole=0.66)
    straddles = int(spec.defects and counts.test > 1)
    if spec.defects:
        train = _oddities(damaged(train, DAMAGED), names, bool(straddles), spec.seconds)
    test = simple_clips(spec, "ave", "test", counts.test - straddles, names, whole=0.66)
    val = simple_clips(spec, "ave", "val", counts.val, names, whole=0.66)
    train_rows = [row for clip in train for row in _rows_of(clip)] + [row for clip in lent for row in _rows_of(clip)]
    if spec.defects:
        train_rows.insert(EMPTY, AveRow(names[EMPTY % len(names)], train[EMPTY], 0, 0))
    moved = [row for row in train_rows if straddles and row.clip is train[STRADDLING]][1:]
    train_rows = [row for row in train_rows if row not in moved]
    return {"train": tuple(train_rows), "val": _flat(val), "test": (*_flat(test), *moved)}


def plan(spec: CorpusSpec) -> DatasetPlan:
    """Media under `AVE/`, `Annotations.txt` with its header and the three Set files without one, grouped by
    category."""
    splits = rows(spec)
    names = labels("ave", spec)
    order = {name: number for number, name in enumerate(names)}
    everything = sorted((row for split in splits.values() for row in split), key=lambda row: order[row.concept])
    clips = {row.clip.clip_id: row.clip for row in everything}
    media = tuple(Media(f"AVE/{clip_id}.mp4", clip) for clip_id, clip in clips.items())
    texts = {"Annotations.txt": "\n".join([HEADER, *(_line(row, names) for row in everything)]) + "\n"}
    for split, own in splits.items():
        lines = [_line(row, names) for row in sorted(own, key=lambda row: order[row.concept])]
        texts[f"{split}Set.txt"] = "".join(line + "\n" for line in lines)
    return DatasetPlan(
        "ave",
        media,
        texts,
        {split: len(own) for split, own in splits.items()},
        damage_of(media) | _odd_rows(everything),
    )


def _oddities(clips: list[ClipPlan], names: list[str], straddles: bool, seconds: int) -> list[ClipPlan]:
    """One clip without any event, and clips with two classes, one after the other."""
    clips[EMPTY] = replace(clips[EMPTY], events=())
    half = seconds // 2
    for position in (*PAIRS, *((STRADDLING,) if straddles else ())):
        first = clips[position].events[0].concept
        second = names[(names.index(first) + 1) % len(names)]
        events = (Event(first, (0, half), (0, half)), Event(second, (half, seconds), (half, seconds)))
        clips[position] = replace(clips[position], events=events)
    return clips


def _rows_of(clip: ClipPlan) -> list[AveRow]:
    return [AveRow(event.concept, clip, *event.visual) for event in clip.events if event.visual is not None]


def _flat(clips: list[ClipPlan]) -> tuple[AveRow, ...]:
    return tuple(row for clip in clips for row in _rows_of(clip))


def _line(row: AveRow, names: dict[str, str]) -> str:
    return f"{names[row.concept]}&{row.clip.clip_id}&good&{row.start}&{row.end}"


def _odd_rows(everything: list[AveRow]) -> dict[str, tuple[str, ...]]:
    """Ids of videos with several rows, and of the row with an empty event."""
    ids = [row.clip.clip_id for row in everything]
    return {
        "shared video": tuple(sorted({clip_id for clip_id in ids if ids.count(clip_id) > 1})),
        "empty event": tuple(row.clip.clip_id for row in everything if row.start == row.end),
    }
