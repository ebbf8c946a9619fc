"""Every downstream task of one run, both directions, with and without TOC, same-modality bounds and open-set tasks
included."""

import argparse
from collections.abc import Mapping, Sequence

import torch

from cmg.answers import keeping, write_answers
from cmg.datasets.clips import Clip, read_index
from cmg.results import Run, write_run
from cmg.tasks import published, retrieval
from cmg.tasks.codes import RunCodes
from cmg.tasks.evaluate import evaluate_open_set, evaluate_run, own_tasks, possible
from cmg.tasks.recipes import clip_code_of, scripts_of
from cmg.tasks.retrieved import all_examples
from cmg.tasks.settings import EvaluateOptions
from cmg.toc import read_toc
from pipeline import paths, progress
from pipeline.device import settle
from pipeline.orchestration import receipts
from pipeline.params import Params
from pipeline.sweeps import add_run_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    other = add_run_arguments(parser)
    other.add_argument(
        "--scoring",
        help="score the main run with other values of `evaluate:`, as ablations/<method>/params.yaml has them",
    )


def run(args: argparse.Namespace, params: Params) -> None:
    source = paths.run_name(args.method, args.seed, args.point)
    run_name = paths.run_name(args.method, args.seed, args.point or args.scoring)
    codes, toc, target = paths.codes(source), paths.toc(source), paths.run_result(run_name)
    outputs = [target] if args.point or args.scoring else [target, paths.answers(run_name)]
    inputs = [codes, toc, *map(paths.index, params.datasets)]
    used = {**params.evaluate.model_dump(mode="json"), **params.active.evaluate.model_dump(), "seed": args.seed}
    with receipts.record("evaluate", run_name, inputs=inputs, outputs=outputs, params=used, code_of=args.method):
        settle(torch.device("cpu"), threads=1)  # heads of a few thousand weights; the stage holds no GPU
        options = EvaluateOptions(**{**used, "q_grid": params.evaluate.q_grid, **_released(args.method)})
        indices = {dataset: read_index(paths.index(dataset)) for dataset in params.datasets}
        run_codes, rankings = RunCodes.read(codes), read_toc(toc)
        tasks = _tasks(run_codes, indices, options.protocol)
        shown = progress.over(tasks, f"tasks of {run_name}")
        with keeping() as answers:
            cells = [cell for task in shown for cell in evaluate_run(run_codes, indices, rankings, options, [task])]
        openset = evaluate_open_set(run_codes, indices, rankings, options) if _both(run_codes) else []
        scored = Run(
            method=paths.varied(args.method, args.point or args.scoring),
            variant=_variant(params, args.method),
            seed=args.seed,
            protocol=options.protocol,
            cells=tuple(cells),
            codebook=run_codes.has_codebook,
            openset=tuple(openset),
            examples=tuple(all_examples(run_codes, indices)),
        )
        write_run(target, scored)
        for file in outputs[1:]:
            write_answers(file, answers, {name: [clip.clip_id for clip in clips] for name, clips in indices.items()})


def _tasks(codes: RunCodes, indices: Mapping[str, Sequence[Clip]], protocol: str = "strict") -> list[str]:
    """Tasks on the datasets at hand. The papers' need codes of audio and of video, retrieval of text codes of it; under
    `published` a method without a codebook has none of those with released scripts, which look codes up, and datasets
    of your own have none.
    """
    held = {modality for _, modality in codes.entries}
    own = list(own_tasks(codes, indices)) if protocol == "strict" else []
    if not _both(codes):
        print(f"{codes.name}: codes of {', '.join(sorted(held))} only; tasks: {', '.join(own) or 'none'}")
        return own
    found = [
        name for name in possible(indices) if name not in retrieval.TASKS or retrieval.TASKS[name].modalities <= held
    ] + own
    if not found:
        print(f"{codes.name}: no task can be run on {', '.join(indices)}; see datasets: in params.yaml")
    if protocol == "published" and not codes.has_codebook:
        print(f"{codes.name}: no codebook, so the released scripts of {', '.join(published.PARTS)} do not apply")
        return [name for name in found if name not in published.PARTS]
    return found


def _both(codes: RunCodes) -> bool:
    return {"audio", "video"} <= {modality for _, modality in codes.entries}


def _released(method: str) -> dict[str, str]:
    """What the released scripts do with a method under `published`."""
    return {"scripts": scripts_of(method), "clip_code": clip_code_of(method)}


def _variant(params: Params, method: str) -> str:
    return params.sections[method].get("variant", "paper")
