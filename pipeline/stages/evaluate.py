"""Every downstream task of one run, both directions, with and without TOC, same-modality bounds and open-set tasks included."""

import argparse
from collections.abc import Iterable

from cmg.datasets.clips import read_index
from cmg.tasks.codes import RunCodes
from cmg.tasks.evaluate import TASKS, evaluate_open_set, evaluate_run, possible
from cmg.tasks.options import EvaluateOptions
from cmg.tasks.recipes import scripts_of
from cmg.toc import read_toc
from pipeline import files, paths, receipts
from pipeline.device import prepare
from pipeline.params import Params
from pipeline.sweeps import add_run_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_arguments(parser)
    parser.add_argument("--scoring", help="score the main run with other values of `evaluate:`, as ablations/<method>/params.yaml has them")


def run(args: argparse.Namespace, params: Params) -> None:
    source = paths.run_name(args.method, args.seed, args.point)
    run_name = paths.run_name(args.method, args.seed, args.point or args.scoring)
    codes, toc, target = paths.codes(source), paths.toc(source), paths.run_result(run_name)
    inputs = [codes, toc, *map(paths.index, params.datasets)]
    used = {**params.evaluate.model_dump(mode="json"), **params.active.evaluate.model_dump(), "seed": args.seed}
    with receipts.record("evaluate", run_name, inputs=inputs, outputs=[target], params=used):
        prepare(params)
        options = EvaluateOptions(**{**used, "q_grid": params.evaluate.q_grid, "scripts": scripts_of(args.method)})
        indices = {dataset: read_index(paths.index(dataset)) for dataset in params.datasets}
        run_codes, rankings = RunCodes.read(codes), read_toc(toc)
        tasks = _tasks(run_codes, indices)
        cells = evaluate_run(run_codes, indices, rankings, options, tasks)
        openset = evaluate_open_set(run_codes, indices, rankings, options) if tasks else []
        method = paths.varied(args.method, args.point or args.scoring)
        about = {"method": method, "variant": _variant(params, args.method), "seed": args.seed, "protocol": options.protocol}
        results = {name: [cell.as_dict() for cell in found] for name, found in (("cells", cells), ("openset", openset))}
        files.write_json(target, {**about, "codebook": run_codes.has_codebook, **results})


def _tasks(codes: RunCodes, datasets: Iterable[str]) -> tuple[str, ...]:
    """Tasks whose datasets are listed and whose modalities the run has; a run of a model without audio or without video has no cells."""
    held = {modality for _, modality in codes.entries}
    if {"audio", "video"} <= held:
        has = {modality[0] for modality in held}
        return tuple(name for name in possible(datasets) if set(getattr(TASKS[name], "sides", "av")) <= has)
    print(f"{codes.name}: codes of {', '.join(sorted(held))} only; no task to run")
    return ()


def _variant(params: Params, method: str) -> str:
    return params.sections[method].get("variant", "paper")
