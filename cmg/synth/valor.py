"""Plan of VALOR-32K: `desc_{train,val,test}.json` and `video/<video_id>.mp4`; ids hold dots and may begin with `-` or
`_`.

Facts: datasets.md 3.10. A video id is `<11 characters>_<start>.000_<end>.000`; a description says what is seen and what
is heard.
"""

import json

from cmg.synth import captions
from cmg.synth.draws import stream
from cmg.synth.plan import DatasetPlan, Media, damage_of, damaged, numbered, scenes
from cmg.synth.spec import CorpusSpec


def plan(spec: CorpusSpec) -> DatasetPlan:
    """Clips of one or two events in turn, heard and seen; the damaged ones, and the bad entries, are in train."""
    media: list[Media] = []
    texts: dict[str, str] = {}
    damage: dict[str, tuple[str, ...]] = {}
    rows: dict[str, int] = {}
    for split in ("train", "val", "test"):
        ids = [_video_id(spec, split, number) for number in range(getattr(spec.valor32k, split))]
        clips = scenes(spec, "valor32k", ids)
        if spec.defects and split == "train":
            clips = damaged(clips, 4)
        media += [Media(f"video/{clip.clip_id}.mp4", clip) for clip in clips]
        entries = [{"video_id": clip.clip_id, "desc": captions.described(spec, clip)} for clip in clips]
        if spec.defects and split == "train":
            entries += [entries[0], {"video_id": ids[1]}]
            damage = {"repeated entry": (ids[0],), "no description": (ids[1],)}
        texts[f"desc_{split}.json"] = json.dumps(entries) + "\n"
        rows |= {split: len(clips)} if clips else {}
    return DatasetPlan("valor32k", tuple(media), texts, rows, damage_of(media) | damage)


def _video_id(spec: CorpusSpec, split: str, number: int) -> str:
    name = numbered(spec, "valor32k", split, number)
    start = 10 * int(stream(spec.seed, "start", name).integers(0, 40))
    return f"{name}_{start}.000_{start + spec.seconds}.000"
