"""What the tasks share under `strict`: the leak check, fitting once per source modality, scoring.

A trial fits heads on one modality of one dataset, chooses epoch and Q on a validation part of the same modality (or
uses fixed ones), and only then answers test parts. N clips, T seconds, D code dimensions, C classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cmg.answers import keep
from cmg.files import BadFile
from cmg.results import Cell
from cmg.tasks import heads, metrics
from cmg.tasks.codes import RunCodes
from cmg.tasks.parts import Part
from cmg.tasks.settings import EvaluateOptions, of_task
from cmg.toc import select

RANDOM_CHOICES = 10  # of as many dimensions as TOC keeps


class LeakError(ValueError):
    """A test clip among the clips that a head is fitted or chosen on."""


@dataclass(frozen=True)
class Trial:
    """One fit and its tests, by direction. `side` goes into every cell. `names` of the classes: where given, answers
    are kept by them."""

    task: str
    kind: str
    classes: int
    fit: Part
    val: Part | None
    tests: Mapping[str, Part]
    side: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def check_no_leak(trial: Trial) -> None:
    """Raise LeakError where a test clip's video, in any modality, is one that the head is fitted or chosen on, or these
    two share one."""
    groups = {"fit": trial.fit, "validation": trial.val, **trial.tests}
    held = {name: set(part.sources) for name, part in groups.items() if part is not None}
    seen = [name for name in ("fit", "validation") if name in held]
    for one, other in [(a, b) for a in seen for b in held if b not in seen] + ([tuple(seen)] if len(seen) == 2 else []):
        shared = held[one] & held[other]
        if shared:
            raise LeakError(
                f"{trial.task}: {len(shared)} videos are in both the {one} and the {other} clips, "
                f"for example {min(shared)!r}"
            )


def run(
    trial: Trial, codes: RunCodes, ranking: np.ndarray | None, options: EvaluateOptions, draws: bool = True
) -> list[Cell]:
    """Fit on the trial's fit part, choose on its val part, score its tests: a cell per direction and, with a ranking,
    also with TOC.

    `ranking` is the TOC order of all D dimensions. Heads with and without TOC are fitted together on the same batches.
    With `draws` a cell with TOC also has, in its side, what `RANDOM_CHOICES` choices of as many dimensions score:
    `random_q`.
    """
    fitted, kept, chosen = fit_heads(trial, codes, ranking, options)
    drawn = {len(kept[j]): _at_random(trial, codes, len(kept[j]), options) for toc, j in chosen if toc and draws}
    cells = []
    for direction, test in trial.tests.items():
        vectors = codes.embed(test.dataset, test.modality, test.rows)
        answers = fitted.answer(vectors)
        for toc, j in chosen if trial.names else ():
            keep((trial.task, direction, toc), test.dataset, test.clip_rows, trial.names, test.target, answers[j])
        found = [_cell(trial, direction, toc, answers[j], len(kept[j]), _choice(fitted, j)) for toc, j in chosen]
        cells += [_beside_random(cell, drawn, vectors, test, options) if draws else cell for cell in found]
    return cells


def _at_random(trial: Trial, codes: RunCodes, q: int, options: EvaluateOptions) -> heads.Fitted:
    """Heads of `trial` that read `q` dimensions chosen at random, the same choices everywhere."""
    size = codes.dimensions(trial.fit.dataset, trial.fit.modality)
    kept = [np.random.default_rng(draw).permutation(size)[:q] for draw in range(RANDOM_CHOICES)]
    return _fit(trial, codes, kept, options)


def _beside_random(
    cell: Cell, drawn: Mapping[int, heads.Fitted], vectors: np.ndarray, test: Part, options: EvaluateOptions
) -> Cell:
    """A cell with TOC and, in its side, the scores of as many dimensions chosen at random; with `toc_score: random`
    their mean instead."""
    if cell.q is None:
        return cell
    scores = [heads.score(answer, test.target, drawn[cell.q].bank.kind) for answer in drawn[cell.q].answer(vectors)]
    score = float(np.mean(scores)) if options.toc_score == "random" else cell.score
    return replace(cell, score=score, side={**cell.side, "random_q": scores})


def fit_heads(
    trial: Trial, codes: RunCodes, ranking: np.ndarray | None, options: EvaluateOptions
) -> tuple[heads.Fitted, list[np.ndarray], list[tuple[bool, int]]]:
    """The fitted heads of a trial, the dimensions that each reads, and which head answers (with TOC or not, head)."""
    check_no_leak(trial)
    size = codes.dimensions(trial.fit.dataset, trial.fit.modality)
    shares = (of_task(options.q_fixed, trial.task),) if trial.val is None else of_task(options.q_grid, trial.task)
    kept = kept_dimensions(size, ranking, shares, options.toc_worst)

    fitted = _fit(trial, codes, kept, options)
    return fitted, kept, [(False, 0)] + ([(True, fitted.best(range(1, len(kept))))] if len(kept) > 1 else [])


def _fit(trial: Trial, codes: RunCodes, kept: Sequence[np.ndarray], options: EvaluateOptions) -> heads.Fitted:
    def labelled(part: Part) -> heads.Labelled:
        return codes.embed(part.dataset, part.modality, part.rows), part.target

    count = trial.classes + (trial.kind == heads.SECOND)
    val = None if trial.val is None else labelled(trial.val)
    return heads.fit(labelled(trial.fit), val, kept, count, trial.kind, options)


def kept_dimensions(size: int, ranking: np.ndarray | None, shares: Sequence[float], worst: float) -> list[np.ndarray]:
    """Dimensions of each head: all of them first, then one TOC selection per share of them; `worst` as in
    `cmg.toc.select`."""
    kept = [np.arange(size)]
    if ranking is None:
        return kept
    if len(ranking) != size:
        raise BadFile(f"the TOC ranking has {len(ranking)} dimensions, the codes have {size}; run: dvc repro")
    return kept + [select(ranking, q, worst) for q in sorted({max(1, round(share * size)) for share in shares})]


def _choice(fitted: heads.Fitted, j: int) -> dict[str, Any]:
    score = None if fitted.val_score is None else float(fitted.val_score[j])
    return {"epoch": int(fitted.epoch[j]), "val_score": score}


def _cell(trial: Trial, direction: str, toc: bool, answer: np.ndarray, q: int, choice: dict[str, Any]) -> Cell:
    test = trial.tests[direction]
    chance, extra = _references(answer, test.target, trial.kind, trial.classes)
    unusable = {
        "n_unusable": test.unusable,
        "n_unusable_fit": trial.fit.unusable,
        "n_unusable_val": trial.val.unusable if trial.val else None,
    }
    return Cell(
        task=trial.task,
        direction=direction,
        toc=toc,
        metric="segment_f" if trial.kind == heads.ACTIVE else "top1",
        score=heads.score(answer, test.target, trial.kind),
        q=q if toc else None,
        fit_modality=trial.fit.modality,
        test_modality=test.modality,
        n_fit=len(trial.fit),
        n_val=None if trial.val is None else len(trial.val),
        n_test=len(test),
        classes=trial.classes,
        chance=chance,
        side={**trial.side, **choice, **unusable, **extra},
    )


def _references(answer: np.ndarray, target: np.ndarray, kind: str, classes: int) -> tuple[float, dict[str, float]]:
    """Chance (the best constant answer on these clips) and figures that say what the score means."""
    if kind != heads.ACTIVE:
        return 100.0 * float(np.bincount(target.ravel()).max()) / target.size, {"uniform_chance": 100.0 / classes}
    best = metrics.constant(metrics.best_constant(target), target.shape[2], target.shape)
    return metrics.segment_f(best, target), {
        "event_f": metrics.event_f(answer, target),
        "always_on": metrics.segment_f(np.ones_like(target), target),
        "always_off": metrics.segment_f(np.zeros_like(target), target),
        "without_timing": metrics.segment_f(metrics.without_timing(answer), target),
        "true_classes_always_on": metrics.segment_f(metrics.without_timing(target), target),
    }


def with_side(cells: Sequence[Cell], others: Sequence[Cell], prefix: str) -> list[Cell]:
    """Each cell with the score, chance, Q and epoch of its counterpart among `others` in its side, under `prefix`."""
    found = {(cell.direction, cell.toc): cell for cell in others}
    result = []
    for cell in cells:
        other = found[cell.direction, cell.toc]
        extra = {
            "top1": other.score,
            "chance": other.chance,
            "q": other.q,
            "epoch": other.side["epoch"],
            "n_test": other.n_test,
        }
        result.append(replace(cell, side={**cell.side, **{f"{prefix}_{name}": value for name, value in extra.items()}}))
    return result
