"""Open-set tasks (MICU): fit on the first K classes of one modality, test on all classes of the other; the rest are
unknown.

AVE: 14 or 21 of 28. UCF101 video <-> audio: 17 or 34 of the 51 classes with sound. UCF101 video <-> VGGSound audio: 8
or 12 of the 16 shared. K is that share of the classes that the indexes hold, in official order (UCF101: alphabetical).

Strict, unlike the release: parts are those of the closed-set tasks, so no test clip is seen by a head in either
modality (the release tests on the training clips' other modality); epoch and Q are chosen on known validation clips in
the source modality; and the rejection threshold is the confidence below which `options.rejected` of those lie, beside
the released rule, which chooses it on test labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.labels import class_of, classes_of, label_of
from cmg.datasets.names import AVE_CLASSES
from cmg.results import OpenCell
from cmg.tasks import ave, heads, openmetrics, parts, strict, ucf_vgg
from cmg.tasks.codes import RunCodes
from cmg.tasks.settings import MODALITY, EvaluateOptions

DATASETS = ("ave", "ucf101", "vggsound_avel")
SHARES = {"ave": (1 / 2, 3 / 4), "ucf": (1 / 3, 2 / 3), "ucf_vgg": (1 / 2, 3 / 4)}


@dataclass(frozen=True)
class Side:
    """One modality of a task: its dataset, its clips by split, and the number of a clip's class (None: the clip is not
    used)."""

    dataset: str
    splits: Mapping[str, Sequence[Clip]]
    number: Callable[[Clip], int | None]


def run(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], ranking: np.ndarray | None, options: EvaluateOptions
) -> list[OpenCell]:
    """Every task whose codes exist, every K, both directions, with TOC where there is a ranking."""
    cells = []
    for task, (sides, classes) in _tasks(codes, indices, options).items():
        for known in sorted(
            {max(1, min(round(share * classes), classes - 1)) for share in SHARES[task]} if classes > 1 else ()
        ):
            for source, target in (("v", "a"), ("a", "v")):
                trial = _trial(codes, task, sides, known, source, target)
                cells += _scores(trial, f"{source}{target}", codes, ranking, options, classes)
    return cells


def _tasks(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], options: EvaluateOptions
) -> dict[str, tuple[dict[str, Side], int]]:
    """Sides and number of classes by task; tasks whose datasets are there."""
    found = {"ave": _ave(indices["ave"])} if "ave" in indices else {}
    if "ucf101" in indices and ("ucf101", "audio") in codes.entries:
        found["ucf"] = _ucf(codes, indices["ucf101"], options)
    if set(ucf_vgg.DATASETS) <= set(indices):
        names, split = ucf_vgg.shared(indices, options)
        found["ucf_vgg"] = {m: Side(ucf_vgg.SIDES[m], split[m], _numbers(names[m])) for m in MODALITY}, len(names["v"])
    return found


def _ave(clips: Sequence[Clip]) -> tuple[dict[str, Side], int]:
    present = set(classes_of(clips))
    names = [label for label in AVE_CLASSES if label in present]
    splits = dict(zip(("train", "val", "test"), ave.splits(clips), strict=True))
    return dict.fromkeys(MODALITY, Side("ave", splits, _numbers(names))), len(names)


def _ucf(codes: RunCodes, clips: Sequence[Clip], options: EvaluateOptions) -> tuple[dict[str, Side], int]:
    """Classes with sound: those in which some clip has audio codes."""
    sounding = codes.get("ucf101", "audio").valid > 0
    names = sorted({class_of(clip) for clip in clips if sounding[clip.row]})
    train, val = ucf_vgg.hold_out([clip for clip in clips if clip.split == "train"], options.holdout)
    splits = {"train": train, "val": val, "test": [clip for clip in clips if clip.split == "test"]}
    return dict.fromkeys(MODALITY, Side("ucf101", splits, _numbers(names))), len(names)


def _numbers(names: Sequence[str]) -> Callable[[Clip], int | None]:
    places: dict[str | None, int] = {name: place for place, name in enumerate(names)}
    return lambda clip: places.get(label_of(clip))


def _trial(codes: RunCodes, task: str, sides: Mapping[str, Side], known: int, source: str, target: str) -> strict.Trial:
    """Fit and validation on the first `known` classes in the source modality, test on all classes in the target
    modality."""

    def part(m: str, name: str, below: float) -> parts.Part:
        side = sides[m]
        clips = [clip for clip in side.splits[name] if (number := side.number(clip)) is not None and number < below]
        return parts.make_part(
            codes, side.dataset, MODALITY[m], clips, lambda clip, _: side.number(clip), f"open set {task} {name}"
        )

    fit, val, test = part(source, "train", known), part(source, "val", known), part(target, "test", np.inf)
    return strict.Trial(f"open set {task}", heads.CLIP, known, fit, val, {f"{source}{target}": test}, {"name": task})


def _chosen_on(trial: strict.Trial) -> parts.Part:
    if trial.val is None:
        raise ValueError(f"{trial.task}: expected validation clips, found none")
    return trial.val


def _scores(
    trial: strict.Trial,
    direction: str,
    codes: RunCodes,
    ranking: np.ndarray | None,
    options: EvaluateOptions,
    classes: int,
) -> list[OpenCell]:
    fitted, kept, chosen = strict.fit_heads(trial, codes, ranking, options)
    test, val = trial.tests[direction], _chosen_on(trial)
    tested, held = (fitted.logits(codes.embed(part.dataset, part.modality, part.rows)) for part in (test, val))
    inside = test.target < trial.classes
    cells = []
    for toc, j in chosen:
        logits = tested[:, j]
        threshold = float(np.quantile(openmetrics.confidence(held[:, j]), options.rejected))
        fixed, released = (
            openmetrics.reject(logits, test.target, threshold),
            openmetrics.released_h(logits, test.target),
        )
        cells.append(
            OpenCell(
                task=trial.side["name"],
                direction=direction,
                toc=toc,
                known_classes=trial.classes,
                classes=classes,
                h=fixed.h,
                known=fixed.known,
                unknown=fixed.unknown,
                released_h=released.h,
                released_known=released.known,
                released_unknown=released.unknown,
                auroc=openmetrics.auroc(logits, test.target),
                oscr=openmetrics.oscr(logits, test.target),
                closed=100 * float(np.mean(logits.argmax(axis=1)[inside] == test.target[inside])),
                q=len(kept[j]) if toc else None,
                n_fit=len(trial.fit),
                n_val=len(val),
                n_known=int(inside.sum()),
                n_unknown=int((~inside).sum()),
            )
        )
    return cells
