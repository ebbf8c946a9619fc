"""Plan of Clotho: `<part>/<file name>.wav` and `clotho_captions_<part>.csv` with five captions per sound.

Facts: datasets.md 3.7. File names are hostile: blanks, double blanks, commas, `#`, HTML entities, several dots, a blank
before `.wav`. Official sounds last 15 to 30 s; these last 0.6 to 1.2 times `spec.seconds`.
"""

import csv
import io
from dataclasses import replace

from cmg.synth import captions
from cmg.synth.draws import stream
from cmg.synth.plan import ClipPlan, DatasetPlan, Event, Media, damage_of, damaged, scenes
from cmg.synth.spec import CorpusSpec

PARTS = {"train": "development", "val": "validation", "test": "evaluation"}
KINDS = ("truncated", "page", "short", "missing")
NAMES = (
    "{noun} {n:03}.wav",
    "{n:03} {noun}, outside.wav",
    "{noun}#{n}.wav",
    "{noun}.{n}.final.mix.wav",
    "{noun} &amp; room {n} .wav",
    "{noun}  in the hall {n}.wav",
    "-{noun}_{n}.wav",
    "it&#39;s a {noun} {n}.wav",
)
HEADER = ["file_name", *(f"caption_{number}" for number in range(1, 6))]


def plan(spec: CorpusSpec) -> DatasetPlan:
    """Sounds and captions of the three parts; the damaged ones, and the three bad lines, are in evaluation."""
    media: list[Media] = []
    texts: dict[str, str] = {}
    bad: dict[str, list[str]] = {}
    counts = {split: getattr(spec.clotho, split) for split in PARTS}
    for split, part in PARTS.items():
        clips = _clips(spec, counts[split], first=len(media))
        if spec.defects and split == "test":
            clips = damaged(clips, 4, KINDS)
        media += [Media(f"{part}/{clip.clip_id}", clip) for clip in clips]
        lines = [[clip.clip_id, *captions.heard(spec, clip)] for clip in clips]
        if spec.defects and split == "test":
            bad = _bad_lines(lines[0])
        texts[f"clotho_captions_{part}.csv"] = _csv([HEADER, *lines, *bad.values()])
    # the line without a caption and the refused one are rows, the repeated one is not
    counts["test"] += 2 if bad else 0
    damage = damage_of(media, KINDS) | {kind: (line[0],) for kind, line in bad.items()}
    return DatasetPlan("clotho", tuple(media), texts, {split: n for split, n in counts.items() if n}, damage)


def _clips(spec: CorpusSpec, count: int, first: int) -> list[ClipPlan]:
    """`count` clips whose names are numbered from `first` on."""
    plain = scenes(spec, "clotho", [f"clotho {first + number}" for number in range(count)])
    return [_named(spec, clip, first + number) for number, clip in enumerate(plain)]


def _named(spec: CorpusSpec, clip: ClipPlan, number: int) -> ClipPlan:
    """The clip under its file name and with its own length, heard only."""
    seconds = round(stream(spec.seed, "length", clip.clip_id).uniform(0.6, 1.2) * spec.seconds * spec.fps) / spec.fps
    half = max(1, int(seconds) // len(clip.events))
    spans = [(0, int(seconds) + 1)] if len(clip.events) == 1 else [(0, half), (half, int(seconds) + 1)]
    events = tuple(Event(event.concept, span, None) for event, span in zip(clip.events, spans, strict=True))
    name = NAMES[number % len(NAMES)].format(noun=events[0].concept, n=number)
    return replace(clip, clip_id=name, events=events, seconds=seconds)


def _bad_lines(first: list[str]) -> dict[str, list[str]]:
    """A line without its third caption, one whose name leads out of the folder, and a repeated one."""
    return {
        "empty caption": ["no caption.wav", *first[1:3], "", *first[4:]],
        "unsafe name": ["../elsewhere.wav", *first[1:]],
        "repeated line": first,
    }


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
