"""Plan of FlickrSoundNet: `frames/<id>.jpg` and `audio/<id>.wav`, numeric ids of different lengths, and a caption of each image.

Facts: datasets.md 3.9; the captions are an addition of ours (missing_tables.md 1.8). The reader chooses the test pairs by its rule
(`datasets.flickrsound.held_out`); the specification's train and test counts say how many that leaves and takes.
"""

import csv
import io
from dataclasses import replace

from cmg.synth import captions
from cmg.synth.draws import stream
from cmg.synth.plan import ClipPlan, DatasetPlan, Media, damage_of, scenes
from cmg.synth.spec import CorpusSpec

KINDS = ("truncated", "page", "missing")
FRAME_DAMAGE = {4: "truncated", 5: "missing"}
SOUND_DAMAGE = {6: "page", 7: "missing"}


def plan(spec: CorpusSpec) -> DatasetPlan:
    """One image and one sound per pair; two classes stand side by side in the image and sound in turn."""
    clips = scenes(spec, "flickrsound", _ids(spec, spec.flickrsound.total), beside=True)
    frames = [Media(f"frames/{clip.clip_id}.jpg", _with(clip, spec, FRAME_DAMAGE.get(number))) for number, clip in enumerate(clips)]
    sounds = [Media(f"audio/{clip.clip_id}.wav", _with(clip, spec, SOUND_DAMAGE.get(number))) for number, clip in enumerate(clips)]
    media = tuple(item for pair in zip(frames, sounds, strict=True) for item in pair)
    rows = {split: getattr(spec.flickrsound, split) for split in ("train", "test")}
    texts = {"captions.csv": _captions(spec, clips)}
    return DatasetPlan("flickrsound", media, texts, {split: n for split, n in rows.items() if n}, damage_of(media, KINDS))


def _captions(spec: CorpusSpec, clips: list[ClipPlan]) -> str:
    """`id,caption`: one sentence per pair about what its image shows, in one of the forms."""
    sentences = []
    for clip in clips:
        forms = captions.seen(spec, clip)
        sentences.append(forms[stream(spec.seed, "flickr caption", clip.clip_id).integers(len(forms))])
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([("id", "caption"), *zip((c.clip_id for c in clips), sentences, strict=True)])
    return lines.getvalue()


def _ids(spec: CorpusSpec, count: int) -> list[str]:
    """Numbers of eight to ten digits."""
    return [str(stream(spec.seed, "flickr id", number).integers(10**7, 10**10)) for number in range(count)]


def _with(clip: ClipPlan, spec: CorpusSpec, defect: str | None) -> ClipPlan:
    return replace(clip, defect=defect or "") if spec.defects else clip
