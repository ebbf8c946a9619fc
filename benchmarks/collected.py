"""docs/results.csv and the tables of docs/results.md: every cell of every run of one or several projects.

    python -m benchmarks.collected . ../other --out docs/results.csv

prints two Markdown tables, a row per method and variant: the average of table 1's eight cells seed by seed, its mean,
with TOC, in the scored modality, and retrieval (mean of R@1, R@5 and R@10 over datasets and directions); then cell by
cell. Mean ± sample standard deviation over seeds, percent. A folder's run takes the place of an earlier folder's.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import pandas as pd

from benchmarks.runs import listed, spread
from cmg.report.layout import CELLS
from cmg.report.markdown import markdown_line
from cmg.results import Run, read_run

KEYS = [cell.key for cell in CELLS]


def runs(folders: Sequence[Path]) -> list[Run]:
    """Runs of `results/runs/`, the last of each method, variant and seed."""
    found = [read_run(path) for folder in folders for path in sorted((folder / "results" / "runs").glob("*.json"))]
    return list({(run.method, run.variant, run.seed): run for run in found}.values())


def rows(found: Sequence[Run]) -> Iterator[dict[str, object]]:
    """One per run, with and without TOC: its cells, their average, the average in the scored modality, retrieval."""
    for run in found:
        for toc in sorted({cell.toc for cell in run.cells}):
            cells, same = ({cell.key: cell.value(run, toc, bound) for cell in CELLS} for bound in (False, True))
            recalls = [cell.score for cell in run.cells if cell.toc == toc and cell.metric == "recall"]
            means = {"average": fmean(cells.values()), "same": fmean(same.values()), "retrieval": fmean(recalls)}
            yield {
                "method": run.method,
                "variant": run.variant,
                "seed": run.seed,
                "toc": "yes" if toc else "no",
                **cells,
                **means,
            }


def tables(frame: pd.DataFrame) -> str:
    """Both Markdown tables."""
    first, second = [], []
    for (method, variant), group in frame.groupby(["method", "variant"], sort=False):
        plain, toc = (group[group.toc == kind] for kind in ("no", "yes"))
        named = [f"`{method}`", variant]
        means = [
            spread(list(column)) if len(column) else "–"
            for column in (plain.average, toc.average, plain.same, plain.retrieval)
        ]
        first.append([*named, listed(list(plain.average)), *means])
        second.append([*named, *(spread(list(plain[key])) for key in KEYS)])
    heads = ["average of the eight cells, seed by seed", "mean", "+ TOC", "same modality", "retrieval"]
    return (
        f"{_table(['method', 'variant', *heads], first)}\n\n"
        f"{_table(['method', 'variant', *(cell.label for cell in CELLS)], second)}"
    )


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(markdown_line(list(line)) for line in (heads, ["---"] * len(heads), *lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="CSV of every run")
    arguments = parser.parse_args()
    frame = pd.DataFrame(rows(runs(arguments.projects)))
    if frame.empty:
        raise SystemExit(
            f"no runs in {', '.join(str(folder / 'results' / 'runs') for folder in arguments.projects)}; run: dvc repro"
        )
    if arguments.out:
        kept = frame.drop(columns=["same", "retrieval"])
        notice = (arguments.projects[0] / "results" / "table1.csv").read_text().splitlines()[0]
        arguments.out.write_text(f"{notice}\n{kept.to_csv(index=False, float_format='%.2f', lineterminator=chr(10))}")
    print(tables(frame))


if __name__ == "__main__":
    main()
