"""Both protocols on the same runs, side by side: results/protocols.csv.

Needs runs made under `evaluate.protocol: published` (their codes hold draws with encoder dropout); `strict` is scored
here anew, from the same codes file.
"""

import argparse

import torch

from cmg.datasets.clips import read_index
from cmg.files import write_bytes
from cmg.report.protocols import protocols_csv
from cmg.results import Run, read_run
from cmg.tasks import retrieval
from cmg.tasks.codes import RunCodes
from cmg.tasks.evaluate import evaluate_run
from cmg.tasks.published import PARTS
from cmg.tasks.settings import EvaluateOptions
from cmg.toc import read_toc
from pipeline import paths
from pipeline.device import settle
from pipeline.orchestration import receipts
from pipeline.page import reporting
from pipeline.params import ParameterError, Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "First: set evaluate.protocol: published in params.yaml and run dvc repro "
        "(or dvc exp run -S evaluate.protocol=published)."
    )


def run(args: argparse.Namespace, params: Params) -> None:
    runs = reporting.runs(params)
    published = [read_run(paths.run_result(run)) for run in runs]
    for found in published:
        if found.protocol != "published":
            raise ParameterError(
                f"{paths.run_result(found.name)}: protocol {found.protocol}, expected published; "
                "run: dvc exp run -S evaluate.protocol=published"
            )
    codes = [paths.codes(run) for run in runs]
    inputs = [*codes, *map(paths.toc, runs), *map(paths.run_result, runs), *map(paths.index, params.datasets)]
    used = {**params.evaluate.model_dump(mode="json"), **params.active.evaluate.model_dump()}
    with receipts.record("protocols", "protocols", inputs=inputs, outputs=[paths.PROTOCOLS], params=used):
        settle(torch.device("cpu"), threads=1)  # as the evaluate stage, so that the strict scores are those of table 1
        indices = {dataset: read_index(paths.index(dataset)) for dataset in params.datasets}
        strict = []
        for run in published:
            options = EvaluateOptions(
                **{**used, "q_grid": params.evaluate.q_grid, "protocol": "strict", "seed": run.seed}
            )
            tasks = [task for task in (*PARTS, *retrieval.TASKS) if any(cell.task == task for cell in run.cells)]
            cells = evaluate_run(
                RunCodes.read(paths.codes(run.name)), indices, read_toc(paths.toc(run.name)), options, tasks
            )
            strict.append(Run(run.method, run.variant, run.seed, "strict", tuple(cells)))
        write_bytes(paths.PROTOCOLS, protocols_csv(strict, published, reporting.notice(params)).encode())
