"""The two protocols side by side: what the same runs score under `strict` and under `published`, and how much of the
test was fitted."""

import csv
from collections.abc import Sequence
from pathlib import Path

from cmg.files import BadFile
from cmg.report.layout import CELLS, COLUMN_LABELS, WAYS
from cmg.report.tablecsv import csv_text
from cmg.report.tables import summarise
from cmg.results import Cell, Run

COMPARED = {**{spec.key: COLUMN_LABELS[spec.key] for spec in CELLS}, **WAYS}
FIELDS = ("score_mean", "score_sd", "chance", "metric", "n_fit", "n_test", "n_test_fitted")
HEADER = (
    "method",
    "toc",
    "cell",
    "seeds",
    *(f"{protocol}_{field}" for protocol in ("strict", "published") for field in FIELDS),
    "inflation",
)


def protocols_csv(strict: Sequence[Run], published: Sequence[Run], notice: str = "") -> str:
    """One line per method, ± TOC and cell of table 1 or retrieval direction that both protocols scored; percent, mean
    and deviation (n - 1) over their seeds. Retrieval: the mean of R@1, R@5 and R@10.

    n_test_fitted: test clips whose video the head was fitted on. inflation: the published mean minus the strict one.
    The two scores of localisation are different metrics, so there the difference mixes leakage and metric. Chance is
    each protocol's own.

    Raises:
        ValueError: the two sequences are not the same runs in the same order.
    """
    if [run.name for run in strict] != [run.name for run in published]:
        raise ValueError(
            f"protocols: strict runs {[run.name for run in strict]}, published runs {[run.name for run in published]}"
        )
    rows = []
    for method in dict.fromkeys(run.method for run in strict):
        pairs = [(a, b) for a, b in zip(strict, published, strict=True) if a.method == method]
        for toc in (False, True):
            for key in COMPARED:
                task, _, direction = key.rpartition("_")
                found = [[run.cell_of(task, direction, toc) for run in side] for side in zip(*pairs, strict=True)]
                if not any(score is None for side in found for score in side):
                    about = {"method": method, "toc": toc, "cell": key, "seeds": tuple(run.seed for run, _ in pairs)}
                    rows.append(about | _beside(*found))
    return csv_text(HEADER, rows, notice)


def _beside(strict: Sequence[Cell], published: Sequence[Cell]) -> dict[str, object]:
    scores = [summarise([cell.score for cell in side]) for side in (strict, published)]
    found: dict[str, object] = {"inflation": scores[1].shown - scores[0].shown}
    for protocol, first, score in zip(("strict", "published"), (strict[0], published[0]), scores, strict=True):
        fitted = first.side.get("n_test_fitted", 0)  # strict refuses to share a video, so it has no such count
        fields = {**vars(first), "score": score, "n_test_fitted": fitted}
        found |= {f"{protocol}_{name}": value for name, value in fields.items()}
    return found


def read_protocols(path: Path) -> list[dict[str, str]]:
    """Lines of what ``protocols_csv`` wrote, by field.

    Raises:
        ValueError: another header.
    """
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != HEADER:
        raise BadFile(
            f"{path}: expected the fields {','.join(HEADER)}, found {lines[0] if lines else 'nothing'}; "
            "run: python -m pipeline protocols"
        )
    return list(reader)
