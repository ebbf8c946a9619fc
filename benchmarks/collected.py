"""docs/results.csv and the tables of docs/results.md: every cell of every run of one or several projects.

    python -m benchmarks.collected . ../other --out docs/results.csv

prints two Markdown tables, a row per method and variant: the average of table 1's eight cells seed by seed, its mean,
with TOC, in the scored modality, and retrieval (mean of R@1, R@5 and R@10 over datasets and directions); then cell by
cell. Mean ± sample standard deviation over seeds, percent. A folder's run takes the place of an earlier folder's.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import pandas as pd

from benchmarks.runs import listed, spread
from cmg.report.frame import records, scores
from cmg.report.layout import CELLS
from cmg.report.markdown import markdown_table
from cmg.report.tablecsv import csv_text, split_notice
from cmg.results import Run, read_run

KEYS = [cell.key for cell in CELLS]
RUN = ["method", "variant", "seed", "toc"]


def runs(folders: Sequence[Path]) -> list[Run]:
    """Runs of `results/runs/`, the last of each method, variant and seed."""
    found = [read_run(path) for folder in folders for path in sorted((folder / "results" / "runs").glob("*.json"))]
    return list({(run.method, run.variant, run.seed): run for run in found}.values())


def rows(found: Sequence[Run]) -> pd.DataFrame:
    """One per run, with and without TOC: its cells, their average, the average in the scored modality, retrieval."""
    each = scores(found)
    each = each.assign(toc=each["toc"].map({False: "no", True: "yes"}))
    wide = each.pivot_table("score", RUN, "cell").reindex(pd.MultiIndex.from_frame(each[RUN].drop_duplicates()))
    same = [f"{cell.task}_{cell.bound_direction}" for cell in CELLS]
    means = {name: wide[cells].agg(fmean, axis=1) for name, cells in (("average", KEYS), ("same", same))}
    recalls = each[each["metric"] == "recall"].groupby(RUN)["score"].agg(fmean)
    return wide[KEYS].assign(**means, retrieval=recalls).reset_index()


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
    parts = ((heads, first), ([cell.label for cell in CELLS], second))
    return "\n\n".join(markdown_table(["method", "variant", *names], lines) for names, lines in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="CSV of every run")
    arguments = parser.parse_args()
    found = runs(arguments.projects)
    if not found:
        raise SystemExit(
            f"no runs in {', '.join(str(folder / 'results' / 'runs') for folder in arguments.projects)}; run: dvc repro"
        )
    frame = rows(found)
    if arguments.out:
        notice, _ = split_notice((arguments.projects[0] / "results" / "table1.csv").read_text())
        arguments.out.write_text(csv_text([*RUN, *KEYS, "average"], records(frame), notice))
    print(tables(frame))


if __name__ == "__main__":
    main()
