"""Open-set scores as CSV and a table of the page: mean, sample standard deviation and every seed's value per method,
task, number of known classes, direction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from cmg.report.frame import OPEN_KEYS, in_order, method_place, over_seeds, records, scores
from cmg.report.layout import arrow, label
from cmg.report.pagetables import Field, PageTable, page_table, score_field
from cmg.report.tablecsv import csv_text
from cmg.results import Run

SCORES = ("h", "known", "unknown", "released_h", "released_known", "released_unknown", "auroc", "oscr", "closed")
HEADER = (
    *("method", "variant", "protocol", "seeds", *OPEN_KEYS),
    *(f"{score}_{part}" for score in SCORES for part in ("mean", "sd", "seeds")),
    "fingerprint",
)
HEADS = {
    "h": "H",
    "known": "Known right",
    "unknown": "Unknown rejected",
    "auroc": "AUROC",
    "oscr": "OSCR",
    "closed": "Closed set",
    "released_h": "H, threshold as released",
}
TASKS = {"ave": "AVE", "ucf_vgg": "UCF(v)↔VGG(a)"}


def open_scores(runs: Sequence[Run], fingerprints: Mapping[str, str]) -> pd.DataFrame:
    """`SCORES` over seeds by method, variant, protocol and `OPEN_KEYS`, in the order of the tables.

    Raises:
        ValueError: a run holds a cell twice.
    """
    found = over_seeds(scores(runs, "open-set scores"), OPEN_KEYS, SCORES, fingerprints)
    return in_order(found, lambda row: (method_place(row), row.task, row.known_classes, row.classes, row.direction))


def openset_csv(runs: Sequence[Run], fingerprints: Mapping[str, str], notice: str = "") -> str:
    """The CSV text, notice first as a comment. ``released_*`` choose their threshold on test labels; the others do not.

    Raises:
        ValueError: a run holds a cell twice.
    """
    return csv_text(HEADER, records(open_scores(runs, fingerprints)), notice)


def open_table(runs: Sequence[Run]) -> PageTable:
    """A row per method, task, number of known classes, direction and ± TOC; percent."""
    rows = []
    for row in records(open_scores(runs, {})):
        first = Field(label(row["method"], row["toc"]), lines=(("kind", f"variant: {row['variant']}"),))
        about = [row["protocol"], TASKS.get(row["task"], row["task"]), arrow(row["direction"])]
        about.append(f"{row['known_classes']} of {row['classes']}")
        rows.append([first, *about, *(score_field(row[score], 1) for score in HEADS), str(len(row["seeds"]))])
    heads = ["Method", "Protocol", "Task", "Direction", "#Known classes", *(f"#{text}" for text in HEADS.values())]
    caption = "Open set, percent: mean over seeds, ± sample standard deviation."
    return replace(page_table("open-set", caption, [*heads, "#Seeds"], rows), style="table1")
