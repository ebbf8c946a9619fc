"""Runs with other parameters than the project's, for benchmarks that compare scores."""

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from cmg.report.layout import CELLS
from pipeline import paths
from pipeline.params import Params
from pipeline.stages import codes, evaluate, pretrain, toc


def run_one(method: str, seed: int, point: str | None, params: Params, keep: bool) -> Path:
    """Train, encode, rank and score one run, beside the runs of sweeps; where its scores are. ``keep``: not when it has
    scores."""
    result = paths.run_result(paths.run_name(method, seed, point))
    if not (keep and result.is_file()):
        args = argparse.Namespace(method=method, seed=seed, point=point, scoring=None)
        for stage in (pretrain, codes, toc, evaluate):
            stage.run(args, params)
    return result


def average(result: Path) -> float:
    """Mean over table 1's eight cells without TOC, percent."""
    cells = {
        f"{cell['task']}_{cell['direction']}": cell["score"]
        for cell in json.loads(result.read_text())["cells"]
        if not cell["toc"]
    }
    return statistics.mean(cells[cell.key] for cell in CELLS)


def listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation."""
    return f"{statistics.mean(values):.1f}" + (f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else "")
