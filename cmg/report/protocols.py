"""The two protocols side by side: what the same runs score under `strict` and under `published`, and how much of the
test was fitted."""

import csv
import io
import statistics
from collections.abc import Sequence
from pathlib import Path

from cmg.files import BadFile
from cmg.report.layout import CELLS, COLUMN_LABELS, WAYS
from cmg.report.tablecsv import TOC, number
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
    out = io.StringIO()
    out.write(f"# {' '.join(notice.split())}\n" if notice else "")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for method in dict.fromkeys(run.method for run in strict):
        pairs = [(a, b) for a, b in zip(strict, published, strict=True) if a.method == method]
        for toc in (False, True):
            for key in COMPARED:
                task, _, direction = key.rpartition("_")
                found = [[run.cell_of(task, direction, toc) for run in side] for side in zip(*pairs, strict=True)]
                if not any(score is None for side in found for score in side):
                    seeds = ";".join(str(run.seed) for run, _ in pairs)
                    writer.writerow(
                        [method, TOC[toc], key, seeds, *_side(found[0]), *_side(found[1]), _difference(*found)]
                    )
    return out.getvalue()


def _side(scores: Sequence[Cell]) -> list[str]:
    first = scores[0]
    values = [score.score for score in scores]
    sd = statistics.stdev(values) if len(values) > 1 else None
    fitted = first.side.get("n_test_fitted", 0)  # strict refuses to share a video, so it has no such count
    return [
        number(statistics.fmean(values)),
        number(sd),
        number(first.chance),
        first.metric,
        first.n_fit,
        first.n_test,
        fitted,
    ]


def _difference(strict: Sequence[Cell], published: Sequence[Cell]) -> str:
    return number(statistics.fmean(s.score for s in published) - statistics.fmean(s.score for s in strict))


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
