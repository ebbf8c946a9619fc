"""Scores on datasets of your own as CSV, Markdown and tables of the page: mean, sample standard deviation and every
seed's value."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from cmg.report.frame import KEYS, ROW, in_order, method_place, over_seeds, records, scores
from cmg.report.layout import arrow, label
from cmg.report.markdown import escape, markdown_table, shown
from cmg.report.pagetables import Field, PageTable, page_table, score_field
from cmg.report.tablecsv import csv_text, number
from cmg.report.tables import Summary
from cmg.results import Run

COUNTS = ("n_fit", "n_val", "n_test", "classes")
HEADER = ("method", "variant", "protocol", "seeds", *KEYS, "mean", "sd", "values", "chance", *COUNTS, "fingerprint")


def is_own(task: str) -> bool:
    """Whether a task is one on a dataset of your own, ``<dataset>.<kind>``."""
    return "." in task


def _own(runs: Sequence[Run]) -> pd.DataFrame:
    found = scores(runs)
    return found.loc[[is_own(task) for task in found["task"]]]


def _over_seeds(found: pd.DataFrame, fingerprints: Mapping[str, str]) -> pd.DataFrame:
    """Task by task in the order of the tables; counts and chance of the first seed."""
    rows = over_seeds(found, KEYS, ["score"], fingerprints, first=["chance", *COUNTS])
    return in_order(rows, lambda row: (row.task, row.metric, method_place(row), row.direction))


def own_csv(runs: Sequence[Run], fingerprints: Mapping[str, str], notice: str = "") -> str:
    """The CSV text, notice first as a comment."""
    rows = records(_over_seeds(_own(runs), fingerprints))
    parts = [{"mean": row["score"].mean, "sd": row["score"].sd, "values": row["score"].values} for row in rows]
    return csv_text(HEADER, [row | part for row, part in zip(rows, parts, strict=True)], notice)


def own_markdown(runs: Sequence[Run], notice: str = "") -> str:
    """A table to read, notice first."""
    lines = []
    for row in records(_over_seeds(_own(runs), {})):
        about = [f"{row['task']} ({row['metric']})", label(row["method"], row["toc"]), arrow(row["direction"])]
        fields = [*about, shown(row["score"], 1), number(row["chance"], 1), str(row["n_test"])]
        lines.append([escape(field) for field in fields])
    table = markdown_table(["Task", "Method", "Direction", "Score", "Chance", "Test"], lines)
    return "\n\n".join([*([f"> {notice}"] if notice else []), table]) + "\n"


def own_tables(runs: Sequence[Run]) -> list[PageTable]:
    """A table of the page per task: a row for chance and one per method, ± TOC, a column per direction."""
    tables = []
    for (task, metric), each in _own(runs).groupby(["task", "metric"]):
        found, ways = _over_seeds(each, {}), sorted(set(each["direction"]))
        heads = ("Method", *(f"#{arrow(way)}" for way in ways))
        known = dict(zip(found["direction"], found["chance"], strict=True))
        rows: list[list[object]] = [["Chance", *(score_field(Summary(mean=known[way]), 1) for way in ways)]]
        for (method, variant, protocol, toc), held in found.groupby([*ROW, "toc"], sort=False):
            first = Field(label(str(method), bool(toc)), lines=(("kind", f"variant {variant}, protocol {protocol}"),))
            cells = dict(zip(held["direction"], held["score"], strict=True))
            rows.append([first, *(score_field(cells.get(way, Summary()), 1) for way in ways)])
        name, caption = f"own-{str(task).replace('.', '-')}", f"{task}, {metric}. {_caption(each['n_test'])}"
        tables.append(replace(page_table(name, caption, heads, rows), style="table1"))
    return tables


def _caption(tested: pd.Series) -> str:
    clips = " to ".join(map(str, dict.fromkeys((tested.min(), tested.max()))))
    return (
        "Percent: mean over seeds, ± sample standard deviation. "
        f"{clips} test clips. The same letter twice is the bound of that modality."
    )
