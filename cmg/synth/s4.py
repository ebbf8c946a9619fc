"""Plan of AVSBench-S4: `Single-source/s4_meta_data.csv` and per clip five frames, their masks, a wav.

Facts: datasets.md 2.7, 3.11. Five-second clips of two objects side by side, one of which sounds: with one object per
frame its mask is found without listening (missing_tables.md 3.7). Masks show what sounds; train clips have that of the
first second only.
"""

from dataclasses import replace

from cmg.synth.concepts import labels
from cmg.synth.draws import stream
from cmg.synth.plan import ClipPlan, DatasetPlan, Event, Media, damage_of, numbered
from cmg.synth.spec import CorpusSpec

DATA = "Single-source/s4_data"
SECONDS = 5
MASKS = {"train": 1, "val": SECONDS, "test": SECONDS}
DAMAGE = {4: ("frame", "truncated"), 5: ("mask", "missing"), 6: ("sound", "page"), 7: ("sound", "missing")}


def plan(spec: CorpusSpec) -> DatasetPlan:
    """Frames, masks and sounds; four train clips have one damaged file each, and one csv line is repeated."""
    names = labels("avsbench_s4", spec)
    media, lines, damage = [], [], {}
    for split in MASKS:
        clips = _clips(spec, split, list(names))
        lines += [f"{clip.clip_id},{_start(spec, clip)},{names[clip.events[0].concept]},{split}" for clip in clips]
        for number, clip in enumerate(clips):
            part, kind = DAMAGE.get(number, ("", "")) if spec.defects and split == "train" else ("", "")
            media += _files(clip, split, names[clip.events[0].concept], {part: kind})
    if spec.defects:
        lines.append(lines[0])
        damage["repeated line"] = (lines[0],)
    texts = {"Single-source/s4_meta_data.csv": "\n".join(["name,start,category,split", *lines]) + "\n"}
    rows = {split: getattr(spec.avsbench_s4, split) for split in MASKS}
    kinds = ("truncated", "page", "missing")
    return DatasetPlan(
        "avsbench_s4",
        tuple(media),
        texts,
        {split: n for split, n in rows.items() if n},
        damage_of(media, kinds) | damage,
    )


def _clips(spec: CorpusSpec, split: str, names: list[str]) -> list[ClipPlan]:
    ids = [numbered(spec, "avsbench_s4", split, number) for number in range(getattr(spec.avsbench_s4, split))]
    return [
        ClipPlan(clip_id, _events(names, number), SECONDS, clip_id, beside=True) for number, clip_id in enumerate(ids)
    ]


def _events(names: list[str], number: int) -> tuple[Event, Event]:
    """The class whose turn it is, heard and seen, and another one that is only seen: every ordered pair of classes in
    turn."""
    turn, place = divmod(number, len(names))
    silent = names[(place + 1 + turn % (len(names) - 1)) % len(names)]
    whole = (0, SECONDS)
    return Event(names[place], whole, whole), Event(silent, None, whole)


def _files(clip: ClipPlan, split: str, category: str, damage: dict[str, str]) -> list[Media]:
    """The files of a clip; damage: kind by part, applied to the last file of that part."""
    place, seconds = f"{split}/{category}/{clip.clip_id}", range(SECONDS)
    frames = [Media(f"{DATA}/visual_frames/{place}/{clip.clip_id}_{s + 1}.png", clip, s) for s in seconds]
    masks = [
        Media(f"{DATA}/gt_masks/{place}/{clip.clip_id}_{s + 1}.png", clip, s, mask=True)
        for s in seconds[: MASKS[split]]
    ]
    sounds = [Media(f"{DATA}/audio_wav/{place}.wav", clip)]
    for part, files in (("frame", frames), ("mask", masks), ("sound", sounds)):
        files[-1] = replace(files[-1], clip=replace(clip, defect=damage.get(part, "")))
    return [*frames, *masks, *sounds]


def _start(spec: CorpusSpec, clip: ClipPlan) -> int:
    """Seconds into the ten-second clip that the five seconds were cut from."""
    return int(stream(spec.seed, "start", clip.clip_id).integers(0, 6))
