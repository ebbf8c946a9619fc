"""Plan of MSCOCO captions: `annotations/captions_val2017.json` and `val2017/<12 digits>.jpg`, five captions per image.

Facts: datasets.md 3.8. Annotation ids do not follow image ids. The reader draws its evaluation pairs from all images,
so the sample holds a few more than `datasets.mscoco.pairs` asks for.
"""

import json

from cmg.synth import captions
from cmg.synth.draws import stream
from cmg.synth.plan import ClipPlan, DatasetPlan, Media, damage_of, damaged, scenes
from cmg.synth.spec import CorpusSpec

KINDS = ("truncated", "page", "grey", "missing")
LARGEST = 581_929  # largest image id of 2017


def plan(spec: CorpusSpec) -> DatasetPlan:
    """Images and captions; one entry has no caption and belongs to an image of its own, which nothing else mentions."""
    ids = _numbers(spec, spec.mscoco.test + 1)
    clips = scenes(spec, "mscoco", [f"{number:012}" for number in ids[:-1]], beside=True)
    if spec.defects:
        clips = damaged(clips, 4, KINDS)
    media = tuple(Media(f"val2017/{clip.clip_id}.jpg", clip) for clip in clips)
    entries = _entries(spec, clips)
    damage = damage_of(media, KINDS)
    if spec.defects:
        entries.append({"image_id": ids[-1], "id": len(entries) + 1, "caption": "  "})
        damage["empty caption"] = (str(ids[-1]),)
    images = [
        {"id": int(c.clip_id), "file_name": f"{c.clip_id}.jpg", "height": spec.height, "width": spec.width}
        for c in clips
    ]
    document = {"info": {"description": "sample corpus"}, "licenses": [], "images": images, "annotations": entries}
    texts = {"annotations/captions_val2017.json": json.dumps(document) + "\n"}
    return DatasetPlan("mscoco", media, texts, {"test": len(clips)}, damage)


def _numbers(spec: CorpusSpec, count: int) -> list[int]:
    return [int(number) for number in stream(spec.seed, "mscoco ids").choice(LARGEST, count, replace=False) + 1]


def _entries(spec: CorpusSpec, clips: list[ClipPlan]) -> list[dict[str, object]]:
    """Five entries per image; ids in an order of their own, listed by id."""
    pairs = [(int(clip.clip_id), caption) for clip in clips for caption in captions.seen(spec, clip)]
    order = stream(spec.seed, "mscoco captions").permutation(len(pairs))
    return [
        {"image_id": pairs[place][0], "id": number + 1, "caption": pairs[place][1]}
        for number, place in enumerate(order)
    ]
