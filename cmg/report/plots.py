"""Training curves as ``dvc plots`` reads them (FCID's Figure 9): a file for each method and loss term."""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from cmg.files import BadFile, write_bytes
from cmg.report.history import History, thin

POINTS = 200


def write_plots(folder: Path, histories: Sequence[History]) -> list[Path]:
    """Write ``<method>/<term>.csv`` with the columns `step` and the term: mean over the runs of the method, over
    windows of steps where there are more than 200; atomic, the bytes are a function of the histories. An imported
    checkpoint has no curves, and where all are imported the folder is empty. Returns the paths.

    Raises:
        ValueError: runs of one method differ in steps or terms.
    """
    by_method: dict[str, list[History]] = defaultdict(list)
    for history in histories:
        by_method[history.method].append(history)
    texts = {
        folder / method / f"{term}.csv": _curve(term, runs)
        for method, runs in by_method.items()
        for term in runs[0].names(codebook=False)
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        write_bytes(path, text.encode())
    return list(texts)


def _curve(term: str, runs: Sequence[History]) -> str:
    steps = runs[0].steps
    for run in runs[1:]:
        if run.steps != steps or term not in run.columns:
            raise BadFile(f"{run.run}: expected the steps and terms of {runs[0].run}; run: dvc repro pretrain")
    means = [math.fsum(values) / len(runs) for values in zip(*(run.columns[term] for run in runs), strict=True)]
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("step", term))
    lines.writerows((f"{step:g}", f"{value:.6g}") for step, value in zip(*thin(steps, means, POINTS), strict=True))
    return text.getvalue()
