"""The published protocol: the tasks as the released scripts compute them, so that published numbers can be met. Not a
fair protocol.

Test clips are fitted on (AVE: the very same clips in the other modality; AVVP: nearly all of them), the epoch is picked
on the reported score, background counts as a class, and Q was picked per task on the reported scores. Heads are fitted
on codes drawn with encoder dropout, a new draw every epoch. docs/protocols.md puts this beside `strict`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.labels import SHARED_AVVP, ave_avvp_targets, ave_targets, avvp_targets, class_of, label_of
from cmg.datasets.names import AVE_CLASSES, AVVP_CLASSES_CMG, UCF_TO_VGGSOUND
from cmg.results import Cell
from cmg.tasks import parts, released_heads
from cmg.tasks.ave_avvp import shared_class
from cmg.tasks.codes import RunCodes
from cmg.tasks.recipes import RETRIEVAL_TOC, SCRIPTS, Recipe
from cmg.tasks.settings import MODALITY, EvaluateOptions
from cmg.toc import RELEASE, Score, select, toc_scores

ABSENT_IN_UCF_LIST = "Bowling"  # a tab in the released class list drops it; its VGGSound partner is scored all the same
PAIRS = tuple(UCF_TO_VGGSOUND.items())


def ave_parts(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], source: str
) -> tuple[parts.Part, dict[str, parts.Part], int]:
    """Fitted on AVE train, scored on AVE train, in both modalities; val and test are never opened."""
    clips = [clip for clip in indices["ave"] if clip.split == "train"]

    def target(clip: Clip, _: str) -> int:
        return released_heads.clip_class(np.eye(len(AVE_CLASSES) + 1, dtype=bool)[ave_targets(clip)])

    made = {m: parts.make_part(codes, "ave", MODALITY[m], clips, target, "AVE train") for m in MODALITY}
    return made[source], {f"{source}{m}": part for m, part in made.items()}, len(AVE_CLASSES)


def avvp_parts(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], source: str
) -> tuple[parts.Part, dict[str, parts.Part], int]:
    """Fitted on the val and test clips with events in one modality, scored on those with events in the other."""
    clips = [clip for clip in indices["avvp"] if clip.split in ("val", "test")]

    def target(clip: Clip, modality: str) -> np.ndarray:
        return released_heads.with_background(avvp_targets(clip, parts.EVENTS[modality], AVVP_CLASSES_CMG))

    def part(m: str) -> parts.Part:
        listed = [clip for clip in clips if any(event.modality == parts.EVENTS[MODALITY[m]] for event in clip.events)]
        return parts.make_part(codes, "avvp", MODALITY[m], listed, target, "AVVP val and test")

    (other,) = set(MODALITY) - {source}
    return part(source), {f"{source}{other}": part(other)}, len(AVVP_CLASSES_CMG) + 1


def ave_avvp_parts(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], source: str
) -> tuple[parts.Part, dict[str, parts.Part], int]:
    """Fitted on the AVE clips of the 12 shared classes, all splits; scored on AVVP val and test clips with an event of
    these classes."""
    fit = [clip for clip in indices["ave"] if clip.split and shared_class(clip)]
    (other,) = set(MODALITY) - {source}
    events = parts.EVENTS[MODALITY[other]]

    def ave_target(clip: Clip, _: str) -> np.ndarray:
        return released_heads.with_background(ave_avvp_targets(clip, "ave"))

    def avvp_target(clip: Clip, _: str) -> np.ndarray:
        return released_heads.with_background(ave_avvp_targets(clip, "avvp", events))

    listed = [clip for clip in indices["avvp"] if clip.split in ("val", "test")]
    scored = [
        clip for clip in listed if any(event.modality == events and event.label in SHARED_AVVP for event in clip.events)
    ]
    test = parts.make_part(codes, "avvp", MODALITY[other], scored, avvp_target, "AVVP val and test, shared classes")
    return (
        parts.make_part(codes, "ave", MODALITY[source], fit, ave_target, "AVE, shared classes"),
        {f"{source}{other}": test},
        len(SHARED_AVVP) + 1,
    )


def ucf_vgg_parts(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], source: str
) -> tuple[parts.Part, dict[str, parts.Part], int]:
    """All clips of the 16 intended classes, every split, on both sides: also the classes that one side lacks."""
    names = {"v": [ucf for ucf, _ in PAIRS], "a": [vgg for _, vgg in PAIRS]}
    datasets = {"v": "ucf101", "a": "vggsound_avel"}

    def part(m: str) -> parts.Part:
        kept = set(names[m]) - {ABSENT_IN_UCF_LIST}
        clips = [clip for clip in indices[datasets[m]] if clip.split and label_of(clip) in kept]
        return parts.make_part(
            codes, datasets[m], MODALITY[m], clips, lambda clip, _: names[m].index(class_of(clip)), datasets[m]
        )

    (other,) = set(MODALITY) - {source}
    return part(source), {f"{source}{other}": part(other)}, len(PAIRS)


PARTS: dict[str, Callable] = {
    "ave": ave_parts,
    "avvp": avvp_parts,
    "ave_avvp": ave_avvp_parts,
    "ucf_vgg": ucf_vgg_parts,
}


def run(task: str, codes: RunCodes, indices: Mapping[str, Sequence[Clip]], options: EvaluateOptions) -> list[Cell]:
    """Both directions (AVE: also the fitted modality, which its scripts score too), without and with TOC.

    Raises ValueError for a method without a codebook, and where the codes file has no draws of the clips fitted on,
    naming the setting and the command.
    """
    if not codes.has_codebook:
        raise ValueError(
            f"{codes.name}: no codebook; "
            f"the released scripts of {task} look codes up: score it under evaluate.protocol: strict"
        )
    recipe = SCRIPTS[options.scripts][task]
    cells = []
    for source in MODALITY:
        fit, tests, answers = PARTS[task](codes, indices, source)
        size = codes.dimensions(fit.dataset, fit.modality)
        for dims in (None, *kept_dimensions(recipe, codes, size)):
            found = released_heads.run(
                recipe,
                partial(codes.embed_draw, fit.dataset, fit.modality, fit.rows, dims=dims),
                fit.target,
                {
                    name: (codes.embed(part.dataset, part.modality, part.rows, dims), part.target)
                    for name, part in tests.items()
                },
                answers,
                options.seed,
            )
            cells += [
                _cell(task, recipe, name, fit, tests[name], picked, dims, answers) for name, picked in found.items()
            ]
    return cells


def ranking(task: str, codes: RunCodes, options: EvaluateOptions) -> np.ndarray | None:
    """Order of all dimensions, [D], as the released scripts of one task have it; None without a codebook."""
    score = SCRIPTS[options.scripts][task].toc_score if task in PARTS else RETRIEVAL_TOC
    return _ranking(score, codes) if codes.has_codebook else None


def _ranking(score: Score, codes: RunCodes) -> np.ndarray:
    return toc_scores(codes.codebooks, score=score, **RELEASE).ranking


def kept_dimensions(recipe: Recipe, codes: RunCodes, size: int) -> list[np.ndarray]:
    """The released selection of the recipe's Q dimensions, in descending score order; nothing without a codebook."""
    if not codes.has_codebook:
        return []
    return [select(_ranking(recipe.toc_score, codes), max(1, round(recipe.q * size)))]


def _cell(
    task: str,
    recipe: Recipe,
    name: str,
    fit: parts.Part,
    test: parts.Part,
    picked: released_heads.Picked,
    dims: np.ndarray | None,
    answers: int,
) -> Cell:
    fitted = set(fit.sources)
    return Cell(
        task=task,
        direction=name,
        toc=dims is not None,
        metric=recipe.score,
        score=picked.scores["score"],
        q=None if dims is None else len(dims),
        fit_modality=fit.modality,
        test_modality=test.modality,
        n_fit=len(fit),
        n_val=None,
        n_test=len(test),
        classes=answers,
        chance=chance(recipe, test.target),
        side={
            "epoch": picked.epoch,
            "picked_by": {"score": "test score", "last": "last epoch"}[recipe.pick],
            "n_test_fitted": sum(source in fitted for source in test.sources),
            "n_unusable": test.unusable,
            "n_unusable_fit": fit.unusable,
            **{key: value for key, value in picked.scores.items() if key != "score"},
        },
    )


def chance(recipe: Recipe, target: np.ndarray) -> float:
    """The best score of a constant answer on these clips: one class, or the most frequent k columns always on, any
    k."""
    order = np.arange(len(target))
    if target.ndim == 1:
        return max(
            released_heads.scores(recipe, np.full_like(target, label), target, order)["score"]
            for label in np.unique(target)
        )
    frequent = np.argsort(-target.sum(axis=(0, 1)), kind="stable")
    masks = [np.isin(np.arange(target.shape[2]), frequent[:k]) for k in range(1, target.shape[2] + 1)]
    return max(
        released_heads.scores(recipe, np.broadcast_to(mask, target.shape), target, order)["score"] for mask in masks
    )
