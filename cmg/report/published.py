"""Published numbers and where each one stands: paper, table, row and column of the source."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("published.csv")
SWEEPS = Path(__file__).with_name("published_sweeps.csv")  # ablations: points of sweeps beside the main run
SOURCES = {
    "fcid_toc": "Enhancing Multimodal Unified Representations for Cross Modal Generalization "
    "(FCID, TOC; ACL Findings 2025)",
    "codaar": "Cross-Modal-Domain Generalization Through Semantically Aligned Discrete Representations "
    "(CoDAAR), supplementary material",
}
PREFERRED = ("fcid_toc", "codaar")
USUAL = "40k"  # what the models of most printed numbers were pretrained on


@dataclass(frozen=True)
class Published:
    """One printed number; ``printed`` keeps its digits, ``pretraining`` is the VGGSound-AVEL subset: ``40k``, ``90k``,
    ``40k and 90k``."""

    paper: str
    table: str
    source_row: str
    source_column: str
    method: str
    toc: bool
    pretraining: str
    cell: str
    printed: str

    @property
    def value(self) -> float:
        """The number, in percent."""
        return float(self.printed)


def read_published(path: Path = FILE) -> tuple[Published, ...]:
    """Every published number we hold, in the order of the file.

    Raises:
        ValueError: a row whose value is not a number or whose ``toc`` is neither ``yes`` nor ``no``.
    """
    with path.open(newline="", encoding="utf-8") as handle:
        return tuple(_entry(row, f"{path} line {number}") for number, row in enumerate(csv.DictReader(handle), start=2))


def _entry(row: dict[str, str], where: str) -> Published:
    if row["toc"] not in ("yes", "no"):
        raise ValueError(
            f"{where}: expected toc yes or no, found {row['toc']!r}; correct the row from its source table"
        )
    try:
        float(row["value"])
    except ValueError as error:
        raise ValueError(
            f"{where}: expected a number, found {row['value']!r}; correct the row from its source table"
        ) from error
    names = ("paper", "table", "source_row", "source_column", "method", "pretraining", "cell")
    return Published(**{name: row[name] for name in names}, toc=row["toc"] == "yes", printed=row["value"])


def subset_beside(entries: Iterable[Published], pretraining: str) -> str:
    """The subset whose printed numbers stand beside runs: the runs' own where some are printed for it, else
    ``USUAL``."""
    return pretraining if any(entry.pretraining == pretraining for entry in entries) else USUAL


def lookup(entries: tuple[Published, ...], method: str, toc: bool, pretraining: str = USUAL) -> dict[str, Published]:
    """``{cell: entry}`` for one row of the tables; where two papers print the same cell, FCID's comes first."""
    chosen: dict[str, Published] = {}
    for paper in reversed(PREFERRED):
        matching = [
            e for e in entries if (e.paper, e.method, e.toc, e.pretraining) == (paper, method, toc, pretraining)
        ]
        chosen.update({entry.cell: entry for entry in matching})
    return chosen


def printed_rows(
    entries: tuple[Published, ...], paper: str, table: str
) -> dict[tuple[str, bool, str], dict[str, Published]]:
    """``{(method, toc, pretraining): {cell: entry}}`` of one printed table in its order; a mean over both subsets is a
    row of its own."""
    rows: dict[tuple[str, bool, str], dict[str, Published]] = {}
    for entry in entries:
        if (entry.paper, entry.table) == (paper, table):
            rows.setdefault((entry.method, entry.toc, entry.pretraining), {})[entry.cell] = entry
    return rows
