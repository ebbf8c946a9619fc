"""Plan of FlickrSoundNet: `frames/<id>.jpg` and `audio/<id>.wav`, numeric ids of different lengths, a caption of each
image, its classes.

Facts: datasets.md 3.9; captions and classes are additions of ours (missing_tables.md 1.8). The reader chooses the test
pairs by its rule (`datasets.flickrsound.held_out`); the specification's train and test counts say how many that leaves
and takes.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace

from cmg.synth import captions
from cmg.synth.concepts import labels
from cmg.synth.draws import stream
from cmg.synth.plan import ClipPlan, DatasetPlan, Media, damage_of, scenes
from cmg.synth.spec import CorpusSpec

KINDS = ("truncated", "page", "missing")
FRAME_DAMAGE = {4: "truncated", 5: "missing"}
SOUND_DAMAGE = {6: "page", 7: "missing"}


def plan(spec: CorpusSpec) -> DatasetPlan:
    """One image and one sound per pair; two classes stand side by side in the image and sound in turn."""
    clips = scenes(spec, "flickrsound", _ids(spec, spec.flickrsound.total), beside=True)
    frames = [
        Media(f"frames/{clip.clip_id}.jpg", _with(clip, spec, FRAME_DAMAGE.get(number)))
        for number, clip in enumerate(clips)
    ]
    sounds = [
        Media(f"audio/{clip.clip_id}.wav", _with(clip, spec, SOUND_DAMAGE.get(number)))
        for number, clip in enumerate(clips)
    ]
    media = tuple(item for pair in zip(frames, sounds, strict=True) for item in pair)
    rows = {split: getattr(spec.flickrsound, split) for split in ("train", "test")}
    names = labels("flickrsound", spec)
    texts = {
        "captions.csv": _table("caption", zip(clips, _captions(spec, clips), strict=True)),
        "labels.csv": _table("label", ((clip, names[event.concept]) for clip in clips for event in clip.events)),
    }
    return DatasetPlan(
        "flickrsound", media, texts, {split: n for split, n in rows.items() if n}, damage_of(media, KINDS)
    )


def _captions(spec: CorpusSpec, clips: list[ClipPlan]) -> list[str]:
    """One sentence per pair about what its image shows, in one of the forms."""
    forms = [captions.seen(spec, clip) for clip in clips]
    draws = [stream(spec.seed, "flickr caption", clip.clip_id) for clip in clips]
    return [sentences[draw.integers(len(sentences))] for sentences, draw in zip(forms, draws, strict=True)]


def _table(column: str, entries: Iterable[tuple[ClipPlan, str]]) -> str:
    """`id,<column>`, a line per entry."""
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(
        [("id", column), *((clip.clip_id, text) for clip, text in entries)]
    )
    return lines.getvalue()


def _ids(spec: CorpusSpec, count: int) -> list[str]:
    """Numbers of eight to ten digits."""
    return [str(stream(spec.seed, "flickr id", number).integers(10**7, 10**10)) for number in range(count)]


def _with(clip: ClipPlan, spec: CorpusSpec, defect: str | None) -> ClipPlan:
    return replace(clip, defect=defect or "") if spec.defects else clip
