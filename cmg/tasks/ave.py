"""AVE, cross-modal event classification: fit on one modality of AVE train, choose on val, score the other modality of
test.

Strict: train leaves out videos shared with val or test, val leaves out videos shared with test (45 videos stand under
two or three categories, some across splits). Score: clip top-1 over the foreground classes. Beside it, in `side`:
per-second top-1 over C + 1 classes (the official AVE metric), from a head fitted and chosen on per-second labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.labels import ave_targets, classes_of, label_of
from cmg.datasets.names import AVE_CLASSES
from cmg.registry import TASK_DATASETS
from cmg.results import Cell
from cmg.tasks import heads, parts, strict
from cmg.tasks.codes import RunCodes
from cmg.tasks.settings import MODALITY, EvaluateOptions

DATASETS = TASK_DATASETS["ave"]
Target = Callable[[Clip, str], int | np.ndarray]


def run(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], ranking: np.ndarray | None, options: EvaluateOptions
) -> list[Cell]:
    """All four directions, with TOC where there is a ranking."""
    clips = indices["ave"]
    present = set(classes_of(clips))
    if not present <= set(AVE_CLASSES):
        raise ValueError(
            f"ave: the index has {min(present - set(AVE_CLASSES))!r}, "
            "which is none of the 28 classes; check Annotations.txt"
        )
    classes = tuple(label for label in AVE_CLASSES if label in present)
    fit, val, test = splits(clips)
    named = [[clip for clip in part if clip.events] for part in (fit, val, test)]
    side = {"n_fit_excluded": count(clips, "train") - len(fit), "n_without_event": len(test) - len(named[2])}

    def clip_class(clip: Clip, _: str) -> int:
        return classes.index(label_of(clip))

    def per_second(clip: Clip, _: str) -> np.ndarray:
        return ave_targets(clip, classes)

    cells = []
    for source in MODALITY:
        by_clip = replace(trial(codes, source, named, clip_class, heads.CLIP, len(classes), side), names=classes)
        whole = strict.run(by_clip, codes, ranking, options)
        second = strict.run(
            trial(codes, source, (fit, val, test), per_second, heads.SECOND, len(classes), {}),
            codes,
            ranking,
            options,
            draws=False,
        )
        cells += strict.with_side(whole, second, "per_second")
    return cells


def splits(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip], list[Clip]]:
    """Fit, validation and test clips: no video is in two of them."""
    train, val, test = ([clip for clip in clips if clip.split == split] for split in ("train", "val", "test"))
    tested = parts.sources(test, "ave")
    return parts.without(train, "ave", tested | parts.sources(val, "ave")), parts.without(val, "ave", tested), test


def count(clips: Sequence[Clip], split: str) -> int:
    """Number of clips of a split."""
    return sum(clip.split == split for clip in clips)


def trial(
    codes: RunCodes, source: str, clips: Sequence[Sequence[Clip]], target: Target, kind: str, classes: int, side: dict
) -> strict.Trial:
    """Fit and choose in the source modality (`v` or `a`), test in both."""
    fit, val, test = clips
    return strict.Trial(
        task="ave",
        kind=kind,
        classes=classes,
        fit=parts.make_part(codes, "ave", MODALITY[source], fit, target, "AVE train"),
        val=parts.make_part(codes, "ave", MODALITY[source], val, target, "AVE val"),
        tests={f"{source}{m}": parts.make_part(codes, "ave", MODALITY[m], test, target, "AVE test") for m in MODALITY},
        side=side,
    )
