"""What each published number is and how it was measured, as far as that is known: ``published_conditions.csv``.

A line speaks of some tables, methods, subsets and tasks of one paper; ``*`` is all of them. Averages are means of what
they average.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cmg.report.layout import AVERAGE, CROSS_DATASET_AVERAGE, RETRIEVAL_AVERAGE
from cmg.report.published import Published

FILE = Path(__file__).with_name("published_conditions.csv")
AVERAGES = (AVERAGE, RETRIEVAL_AVERAGE, CROSS_DATASET_AVERAGE)
METRICS = {
    "accuracy": "top-1 accuracy, which the papers call precision",
    "macro_precision": "macro precision",
    "f1": "F1 over all seconds and columns, background included",
    "precision": "precision over all seconds and columns, background included",
    "recall": "recall",
    "fid": "Fréchet inception distance",
    "mean": "mean of the row",
}


@dataclass(frozen=True)
class Condition:
    """metric: as `Cell.metric` of a run under `published`, or ``mean``; conditions: how it was measured; known_from:
    what says so."""

    paper: str
    tables: tuple[str, ...]
    methods: tuple[str, ...]
    pretraining: str
    tasks: tuple[str, ...]
    metric: str
    conditions: str
    known_from: str

    def covers(self, entry: Published, task: str) -> bool:
        """Whether a printed number of this task was measured so."""
        named = (
            entry.paper == self.paper and entry.table in self.tables and entry.method.partition("+")[0] in self.methods
        )
        return named and task in self.tasks and self.pretraining in ("*", entry.pretraining)


@cache
def read_conditions(path: Path = FILE) -> tuple[Condition, ...]:
    """Every line of the file, in its order."""
    with path.open(newline="", encoding="utf-8") as handle:
        return tuple(_condition(row) for row in csv.DictReader(handle))


def _condition(row: dict[str, str]) -> Condition:
    lists = {
        "tables": tuple(row["tables"].split("|")),
        **{name: tuple(row[name].split()) for name in ("methods", "tasks")},
    }
    values: dict[str, Any] = {**row, **lists}
    return Condition(**values)


def condition_of(entry: Published) -> Condition:
    """How a printed number was measured.

    Raises:
        ValueError: no line or several speak of it.
    """
    if entry.cell in AVERAGES:
        return Condition(entry.paper, (entry.table,), (entry.method,), entry.pretraining, (entry.cell,), "mean", "", "")
    task = entry.cell.rpartition("_")[0]
    found = [line for line in read_conditions() if line.covers(entry, task)]
    if len(found) != 1:
        raise ValueError(
            f"{FILE.name}: {len(found)} lines on {entry.table}, {entry.method}, {entry.cell}; "
            "expected one; correct the file"
        )
    return found[0]
