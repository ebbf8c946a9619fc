"""Plan of CelebA-HQ: `CelebA-HQ-img/<n>.jpg`, numbered from 0, no annotations. The images show the sample's objects,
not faces.

Facts: datasets.md 3.12. The reader's `count` and `held_out` are `spec.celeba_hq`'s total and test.
"""

from cmg.synth.concepts import labels
from cmg.synth.plan import ClipPlan, DatasetPlan, Event, Media, damage_of, damaged
from cmg.synth.spec import CorpusSpec

KINDS = ("truncated", "missing")


def plan(spec: CorpusSpec) -> DatasetPlan:
    """One object per image, classes in turn; the damaged ones are in train."""
    names, whole = list(labels("celeba_hq", spec)), (0, spec.seconds)
    clips = []
    for number in range(spec.celeba_hq.total):
        event = Event(names[number % len(names)], None, whole)
        clips.append(ClipPlan(f"celeba {number}", (event,), spec.seconds, scene=f"celeba {number}"))
    if spec.defects:
        clips = damaged(clips, 4, KINDS)
    media = tuple(Media(f"CelebA-HQ-img/{number}.jpg", clip) for number, clip in enumerate(clips))
    rows = {split: getattr(spec.celeba_hq, split) for split in ("train", "test")}
    return DatasetPlan("celeba_hq", media, {}, {split: n for split, n in rows.items() if n}, damage_of(media, KINDS))
