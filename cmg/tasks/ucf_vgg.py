"""UCF101 (video) <-> VGGSound-AVEL (audio), cross-modal and cross-dataset classification over the classes both really
share.

Strict, V->A: fit UCF trainlist01 without held-out groups, choose on the held-out groups, score AVEL test audio. A->V:
fit AVEL train audio, choose on AVEL val, score UCF testlist01 video. UCF101 groups share actor and background, so whole
groups are held out. Each fit is also scored on its own dataset's test clips, in the fitted modality (`vv`, `aa`).
Score: clip top-1.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.labels import class_of, label_of, really_shared
from cmg.datasets.ucf101 import group
from cmg.registry import TASK_DATASETS
from cmg.results import Cell
from cmg.tasks import heads, parts, strict
from cmg.tasks.codes import RunCodes
from cmg.tasks.settings import MODALITY, EvaluateOptions

DATASETS = TASK_DATASETS["ucf_vgg"]
SIDES = {"v": "ucf101", "a": "vggsound_avel"}


def run(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], ranking: np.ndarray | None, options: EvaluateOptions
) -> list[Cell]:
    """All four directions, with TOC where there is a ranking."""
    names, split = shared(indices, options)

    def part(m: str, name: str) -> parts.Part:
        what = f"{SIDES[m]} {name}, {len(names[m])} shared classes"
        return parts.make_part(
            codes, SIDES[m], MODALITY[m], split[m][name], lambda clip, _: names[m].index(class_of(clip)), what
        )

    cells = []
    for source in MODALITY:
        trial = strict.Trial(
            task="ucf_vgg",
            kind=heads.CLIP,
            classes=len(names["v"]),
            fit=part(source, "train"),
            val=part(source, "val"),
            tests={f"{source}{m}": part(m, "test") for m in MODALITY},
            names=tuple(names["a"]),
        )
        cells += strict.run(trial, codes, ranking, options)
    return cells


def shared(
    indices: Mapping[str, Sequence[Clip]], options: EvaluateOptions
) -> tuple[dict[str, list[str]], dict[str, dict[str, list[Clip]]]]:
    """Per side (`v`: UCF101, `a`: VGGSound) the really shared classes in one order, and their clips by split; UCF101's
    val is held out."""
    pairs = really_shared(
        *([clip for clip in indices[dataset] if clip.split and clip.status == "ok"] for dataset in DATASETS)
    )
    names = {"v": [ucf for ucf, _ in pairs], "a": [vgg for _, vgg in pairs]}
    clips = {m: [clip for clip in indices[SIDES[m]] if label_of(clip) in names[m]] for m in MODALITY}
    split = {m: {name: [c for c in clips[m] if c.split == name] for name in ("train", "val", "test")} for m in MODALITY}
    split["v"]["train"], split["v"]["val"] = hold_out(split["v"]["train"], options.holdout)
    return names, split


def hold_out(clips: Sequence[Clip], share: float) -> tuple[list[Clip], list[Clip]]:
    """UCF101 training clips without the held-out groups, and the clips of those groups.

    Per class, the `share` of its groups with the highest numbers (at least one) is held out; a class of one group keeps
    it.
    """
    groups: dict[str | None, set[int]] = defaultdict(set)
    for clip in clips:
        groups[label_of(clip)].add(group(clip.clip_id))
    held = {(label, number) for label, found in groups.items() for number in sorted(found)[_kept(len(found), share) :]}
    fit: list[Clip] = []
    val: list[Clip] = []
    for clip in clips:
        (val if (label_of(clip), group(clip.clip_id)) in held else fit).append(clip)
    return fit, val


def _kept(groups: int, share: float) -> int:
    return groups if groups == 1 else groups - max(1, min(groups - 1, round(share * groups)))
