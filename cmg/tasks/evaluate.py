"""Every downstream task of one run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from cmg.datasets.clips import Clip
from cmg.files import BadFile
from cmg.registry import DATASETS, TASK_DATASETS
from cmg.results import Cell, OpenCell
from cmg.tasks import ave, ave_avvp, avvp, openset, own, published, retrieval, ucf_vgg
from cmg.tasks.codes import RunCodes
from cmg.tasks.settings import DIRECTIONS, EvaluateOptions, ranked_by
from cmg.toc import dead_dimensions, select


class Task(Protocol):
    """What a task module offers, and an object in its place."""

    @property
    def DATASETS(self) -> Sequence[str]:  # noqa: N802 (the task modules' name)
        """Those whose indices it needs."""
        ...

    def run(
        self,
        codes: RunCodes,
        indices: Mapping[str, Sequence[Clip]],
        ranking: np.ndarray | None,
        options: EvaluateOptions,
    ) -> list[Cell]:
        """Every direction, with TOC where there is a ranking."""
        ...


TASKS: dict[str, Task] = {"ave": ave, "avvp": avvp, "ave_avvp": ave_avvp, "ucf_vgg": ucf_vgg, **retrieval.TASKS}


def evaluate_run(
    codes: RunCodes,
    indices: Mapping[str, Sequence[Clip]],
    toc_rankings: Mapping[str, np.ndarray] | None = None,
    options: EvaluateOptions | None = None,
    tasks: Sequence[str] | None = None,
) -> list[Cell]:
    """Cells of the tasks, in the order of `tasks`, then by direction (`DIRECTIONS`), then without and with TOC.

    indices: clips in row order by dataset name. tasks: None for every task whose datasets all have an index.
    toc_rankings: order of all dimensions by score name, as `cmg.toc.read_toc` gives it; None or empty for a method
    without a codebook, then no cell has TOC. The same arguments give the same cells (float32, on one device and thread
    count). Raises ValueError naming dataset, part or file where something is missing or does not fit together.
    """
    options = options or EvaluateOptions()
    published_protocol = options.protocol == "published"
    ranking = _ranking(codes, toc_rankings, options)
    cells = []
    mine = own_tasks(codes, indices)
    known: dict[str, Task] = {**TASKS, **mine}
    for name in [*possible(indices), *mine] if tasks is None else tasks:
        if name not in known:
            raise ValueError(f"task {name!r} is not known; expected one of {', '.join(known)}")
        task = known[name]
        for dataset in task.DATASETS:
            _check_index(codes, indices, dataset, name)
        order, worst = (published.ranking(name, codes, options) if published_protocol else ranking), options.toc_worst
        if published_protocol and name in published.PARTS:
            found, worst = published.run(name, codes, indices, options), 0.0
        else:
            found = task.run(codes, indices, order, options)
        found = [_with_dead(cell, codes, order, worst) for cell in found]
        cells += sorted(found, key=lambda cell: (DIRECTIONS.index(cell.direction), cell.toc))
    return cells


def evaluate_open_set(
    codes: RunCodes,
    indices: Mapping[str, Sequence[Clip]],
    toc_rankings: Mapping[str, np.ndarray] | None,
    options: EvaluateOptions,
) -> list[OpenCell]:
    """Cells of the open-set tasks, which have a strict form only: none under `published`. Arguments and errors as in
    `evaluate_run`."""
    if options.protocol == "published":
        return []
    for dataset in openset.DATASETS:
        if dataset in indices:
            _check_index(codes, indices, dataset, "open set")
    return openset.run(codes, indices, _ranking(codes, toc_rankings, options), options)


def possible(indices: Mapping[str, Sequence[Clip]]) -> list[str]:
    """Tasks of the papers whose datasets are all there."""
    return [name for name in TASKS if set(TASK_DATASETS[name]) <= set(indices)]


def own_tasks(codes: RunCodes, indices: Mapping[str, Sequence[Clip]]) -> dict[str, own.OwnTask]:
    """Tasks on datasets of your own, by name: what their indices and the codes allow."""
    found = (own.tasks(name, clips, codes) for name, clips in indices.items() if name not in DATASETS)
    return {name: task for each in found for name, task in each.items()}


def _with_dead(cell: Cell, codes: RunCodes, ranking: np.ndarray | None, worst: float) -> Cell:
    if cell.q is None or ranking is None:
        return cell
    return replace(cell, dead=int(dead_dimensions(codes.codebooks)[select(ranking, cell.q, worst)].sum()))


def _ranking(codes: RunCodes, rankings: Mapping[str, np.ndarray] | None, options: EvaluateOptions) -> np.ndarray | None:
    if not rankings or not codes.has_codebook:
        return None
    name = ranked_by(options.toc_score)
    if name not in rankings:
        raise BadFile(f"no TOC ranking by {name!r}; found {', '.join(rankings)}; run: dvc repro")
    return np.asarray(rankings[name])


def _check_index(codes: RunCodes, indices: Mapping[str, Sequence[Clip]], dataset: str, task: str) -> None:
    if dataset not in indices:
        raise BadFile(f"task {task} needs the index of {dataset}; found {', '.join(indices) or 'none'}; run: dvc repro")
    for (name, modality), held in codes.entries.items():
        if name == dataset and modality != "text" and len(held.valid) != len(indices[dataset]):
            raise BadFile(
                f"{codes.name}: {dataset}.{modality} has {len(held.valid)} rows, "
                f"the index has {len(indices[dataset])}; run: dvc repro"
            )
