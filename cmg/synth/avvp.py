"""Plan of AVVP (LLP): weakly labelled train, densely labelled val and test, tab-separated lists.

Facts: datasets.md 3.4 (official files, names, damaged rows). Events are half-open [onset, offset) in integer seconds.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from cmg.synth.concepts import labels
from cmg.synth.draws import interval, stream
from cmg.synth.plan import ClipPlan, DatasetPlan, Event, Media, Span, damage_of, damaged, numbered
from cmg.synth.spec import CorpusSpec

WEAK_HEADER = "filename\tevent_labels"
DENSE_HEADER = "filename\tonset\toffset\tevent_labels"
Row = tuple[str, int, int, str]


@dataclass(frozen=True)
class AvvpClip:
    """An LLP clip and its official file name, `<id>_<start>_<end>`."""

    filename: str
    clip: ClipPlan


@lru_cache(maxsize=4)
def clips(spec: CorpusSpec) -> dict[str, tuple[AvvpClip, ...]]:
    """The clips of train, val and test; the damaged ones are in test."""
    counts = {"train": spec.avvp.train, "val": spec.avvp.val, "test": spec.avvp.test}
    plans = {split: [_clip(spec, split, number) for number in range(count)] for split, count in counts.items()}
    if spec.defects:
        plans["test"] = damaged(plans["test"], 3)
    return {
        split: tuple(AvvpClip(_filename(spec, split, i, clip), clip) for i, clip in enumerate(plans[split]))
        for split in counts
    }


def plan(spec: CorpusSpec) -> DatasetPlan:
    """Media under `video/` and the six official lists."""
    splits = clips(spec)
    everything = [clip for split in splits.values() for clip in split]
    media = tuple(Media(f"video/{item.filename}.mp4", item.clip) for item in everything)
    weak = {"train": "AVVP_train.csv", "val": "AVVP_val_pd.csv", "test": "AVVP_test_pd.csv"}
    texts = {name: _weak_text(splits[split], spec) for split, name in weak.items()}
    texts["AVVP_dataset_full.csv"] = _weak_text(everything, spec)
    audio, visual = (_dense_rows(splits, spec, modality) for modality in ("audio", "visual"))
    damage = damage_of(media)
    if spec.defects:
        audio, bad = _damaged_rows(audio, splits)
        damage |= {kind: (f"{row[0]} {row[1]} {row[2]} {row[3]}",) for kind, row in bad.items()}
    texts["AVVP_eval_audio.csv"] = _dense_text(audio)
    texts["AVVP_eval_visual.csv"] = _dense_text(visual)
    return DatasetPlan("avvp", media, texts, {split: len(splits[split]) for split in splits}, damage)


def _clip(spec: CorpusSpec, split: str, number: int) -> ClipPlan:
    """One to three events of different classes; every fifth clip has a single one, heard and seen at the same time."""
    clip_id = numbered(spec, "avvp", split, number)
    rng = stream(spec.seed, "events", clip_id)
    names = list(labels("avvp", spec))
    main = names[number % len(names)]
    others = [name for name in rng.permutation(names) if name != main]
    count = 1 if number % 5 == 2 else int(rng.choice([1, 2, 3], p=[0.55, 0.33, 0.12]))
    events = [_event(rng, str(name), spec.seconds) for name in [main, *others][:count]]
    if number % 5 == 2:
        events = [
            replace(events[0], audio=events[0].visual or events[0].audio, visual=events[0].visual or events[0].audio)
        ]
    return ClipPlan(clip_id, tuple(events), spec.seconds, scene=clip_id)


def _event(rng, name: str, seconds: int) -> Event:
    """Heard and seen in two thirds of cases, then with different onsets half of the time; else only heard or only
    seen."""
    seen = interval(rng, seconds, whole=0.4)
    heard: Span | None = interval(rng, seconds, whole=0.4) if rng.random() < 0.5 else seen
    kind = rng.choice(["both", "heard", "seen"], p=[0.66, 0.17, 0.17])
    return Event(name, None if kind == "seen" else heard, None if kind == "heard" else seen)


def _filename(spec: CorpusSpec, split: str, number: int, clip: ClipPlan) -> str:
    """`<id>_<start>_<end>`; one train clip has a decimal start, as five official ones do."""
    start = 10 * int(stream(spec.seed, "start", clip.clip_id).integers(0, 40))
    decimal = ".8" if (split, number) == ("train", 2) else ""
    return f"{clip.clip_id}_{start}{decimal}_{start + spec.seconds}{decimal}"


def _weak_text(items, spec: CorpusSpec) -> str:
    names = labels("avvp", spec)
    lines = [f"{item.filename}\t{','.join(names[event.concept] for event in item.clip.events)}" for item in items]
    return "\n".join([WEAK_HEADER, *lines]) + "\n"


def _dense_rows(splits: dict[str, tuple[AvvpClip, ...]], spec: CorpusSpec, modality: str) -> list[Row]:
    """Events of test, then val (the official order), one per row."""
    names = labels("avvp", spec)
    pairs = [
        (item.filename, event) for split in ("test", "val") for item in splits[split] for event in item.clip.events
    ]
    spans = [(filename, getattr(event, modality), names[event.concept]) for filename, event in pairs]
    return [(filename, span[0], span[1], label) for filename, span, label in spans if span is not None]


def _damaged_rows(rows: list[Row], splits: dict[str, tuple[AvvpClip, ...]]) -> tuple[list[Row], dict[str, Row]]:
    """Adds an orphan (its leading `-` lost), an empty, an inverted and a duplicate row; all real events stay."""
    first = splits["test"][0].filename
    end = max(row[2] for row in rows)
    one, two, three = rows[len(rows) // 3], rows[len(rows) // 2], rows[2 * len(rows) // 3]
    bad: dict[str, Row] = {
        "orphan row": (first[1:], 0, end, rows[0][3]),
        "empty row": (one[0], end // 2, end // 2, one[3]),
        "inverted row": (two[0], end - 1, 0, two[3]),
        "duplicate row": three,
    }
    return rows + list(bad.values()), bad


def _dense_text(rows: list[Row]) -> str:
    return "\n".join([DENSE_HEADER, *("\t".join(map(str, row)) for row in rows)]) + "\n"
