"""Plan of VGGSound-AVEL: `category,video_id,split`, segment labels as JSON, prompts, media under `video/`.

Facts: datasets.md 3.2. Categories are VGGSound labels cut at the first comma; ids are 11 characters without a start
second.
"""

import json

from cmg.synth import ave, avvp
from cmg.synth.concepts import BY_NAME, labels
from cmg.synth.plan import ClipPlan, DatasetPlan, Media, damage_of, damaged, lendable, simple_clips
from cmg.synth.spec import CorpusSpec

LENT = 3


def plan(spec: CorpusSpec) -> DatasetPlan:
    """Media, `vggsound-avel40k.csv`, the segment labels and the prompts; rows grouped by category."""
    names = labels("vggsound_avel", spec)
    splits = _clips(spec, list(names))
    order = {name: number for number, name in enumerate(names)}
    tagged = [(split, clip) for split, clips in splits.items() for clip in clips]
    tagged.sort(key=lambda pair: order[pair[1].events[0].concept])
    media = tuple(Media(f"video/{clip.clip_id}.mp4", clip) for _, clip in tagged)
    table = [f"{names[clip.events[0].concept]},{clip.clip_id},{split}" for split, clip in tagged]
    prompts = [f"{label},{BY_NAME[name].prompt}" for name, label in names.items()]
    texts = {
        "vggsound-avel40k.csv": "\n".join(["category,video_id,split", *table]) + "\n",
        "vggsound-avel50k_labels.json": json.dumps([_segments(clip, names, spec.seconds) for _, clip in tagged]) + "\n",
        "vggsoundCategories2Prompts.csv": "\n".join(["label,prompt", *prompts]) + "\n",
    }
    return DatasetPlan(
        "vggsound_avel", media, texts, {split: len(clips) for split, clips in splits.items()}, damage_of(media)
    )


def _clips(spec: CorpusSpec, names: list[str]) -> dict[str, list[ClipPlan]]:
    """Train ends with a few clips of AVE val, AVE test and AVVP test, which pretraining must leave out."""
    counts = spec.vggsound_avel
    lent = _lent(spec, names) if counts.train > 3 * LENT else []
    train = simple_clips(spec, "vggsound_avel", "train", counts.train - len(lent), names, whole=0.8)
    if spec.defects:
        train = damaged(train, 2)
    others = {
        split: simple_clips(spec, "vggsound_avel", split, getattr(counts, split), names, whole=0.8)
        for split in ("val", "test")
    }
    return {"train": train + lent, **others}


def _lent(spec: CorpusSpec, names: list[str]) -> list[ClipPlan]:
    """Up to seven clips: three of AVE test, one of AVE val, three of AVVP test that AVE does not list."""
    rows = ave.rows(spec)
    listed = {row.clip.clip_id for split in rows.values() for row in split}
    test, val = (lendable([row.clip for row in rows[split]], names) for split in ("test", "val"))
    avvp_test = [
        clip for clip in lendable([item.clip for item in avvp.clips(spec)["test"]], names) if clip.clip_id not in listed
    ]
    return test[-LENT:] + val[-1:] + avvp_test[-LENT:]


def _segments(clip: ClipPlan, names: dict[str, str], seconds: int) -> dict[str, dict[str, list[int]]]:
    """`{id: {label: one 0 or 1 per second}}`."""
    event = clip.events[0]
    onset, offset = event.visual or (0, 0)
    return {clip.clip_id: {names[event.concept]: [int(onset <= second < offset) for second in range(seconds)]}}
