"""One self-contained HTML page about everything that ran."""

import argparse
import itertools
from dataclasses import replace

from cmg.answers import read_answers
from cmg.report.html import write_report
from pipeline import leftovers, paths
from pipeline.orchestration import receipts
from pipeline.page import measured, rebuilt, reporting
from pipeline.page.previews import exhibits
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Writes results/report.html; it opens without a network. "
        "Logs and tables of sweeps are shown as they are by then."
    )


def run(args: argparse.Namespace, params: Params) -> None:
    leftovers.set_aside(params)
    checkpoints = [paths.checkpoint(run) for run in reporting.runs(params)]
    problems = [paths.problems(dataset) for dataset in params.datasets]
    mapped = [path(run) for run in reporting.mapped_runs(params) for path in (paths.codes, paths.toc)]
    indices = [paths.index(dataset) for dataset in params.datasets]
    kept = {run: paths.answers(run) for run in reporting.runs(params)}
    pictures = [*map(paths.reconstruction, rebuilt.runs(params)), *rebuilt.figure(params)]
    inputs = [*reporting.table_inputs(params), *kept.values(), *mapped, *checkpoints, *reporting.store_paths(params)]
    inputs += [*indices, *problems, *pictures]
    used = {
        **reporting.parameters(params),
        "evaluate": params.evaluate.model_dump(mode="json"),
        "heads": params.active.evaluate.model_dump(),
    }
    with receipts.record("report", "report", inputs=inputs, outputs=[paths.REPORT], params=used):
        found = reporting.load(params, page=True)
        shown = {run.name: run.examples for run in found.runs if run.name in reporting.mapped_runs(params)}
        found = replace(found, examples=shown, exhibits=exhibits(params, itertools.chain(*shown.values())))
        found = replace(found, answers={run: read_answers(file) for run, file in kept.items()})
        figures = [file.read_text(encoding="utf-8") for file in rebuilt.figure(params)]
        found = replace(found, rebuilt=rebuilt.load(params), figure10="".join(figures))
        write_report(paths.REPORT, found, measured.load())
