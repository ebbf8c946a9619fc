"""TOC against chance as CSV: what the dimensions that TOC kept score beside as many chosen at random, per method and
cell of table 1."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import pandas as pd

from cmg.report.frame import ROW, in_order, over_seeds, records, scores
from cmg.report.layout import AVERAGE, CELLS, COLUMNS, kind_of, row_order
from cmg.report.tablecsv import csv_text
from cmg.results import Run

QUANTITIES = ("toc", "random", "gain")
HEADER = (
    *("method", "variant", "protocol", "seeds", "cell", "q_seeds"),
    *(f"{quantity}_{part}" for quantity in QUANTITIES for part in ("mean", "sd", "seeds")),
    "fingerprint",
)


def random_q_csv(runs: Sequence[Run], fingerprints: Mapping[str, str], notice: str = "") -> str:
    """The CSV text, notice first as a comment: a line per method and cell that has both, then their average.

    random: mean of the choices of a seed; gain: TOC less that, seed by seed; deviations (n - 1) over seeds. Without the
    gain nothing is to the credit of the ranking.
    """
    both = _both_ways(runs)
    each = both.groupby([*ROW, "seed", "run"])
    average = each.filter(lambda held: len(held) == len(CELLS)).groupby([*ROW, "seed", "run"])[["toc", "random"]]
    found = pd.concat([both, average.agg(fmean).reset_index().assign(cell=AVERAGE)])
    rows = over_seeds(found.assign(gain=found["toc"] - found["random"]), ["cell"], [*QUANTITIES, "q"], fingerprints)
    return csv_text(HEADER, records(in_order(rows, _place)), notice)


def _place(row: Any) -> tuple:
    order = row_order(kind_of(row.method), row.method, True, row.variant, row.protocol)
    return (order, COLUMNS.index(row.cell))


def _both_ways(runs: Sequence[Run]) -> pd.DataFrame:
    """`toc` and `random` of every cell that all seeds of a method scored both ways."""
    found = scores(runs).reindex(columns=[*ROW, "seed", "run", "cell", "toc", "score", "q", "random_q"])
    found = found[found["toc"] & found["random_q"].notna() & found["cell"].isin(COLUMNS)]
    found = found.assign(toc=found["score"], random=found["random_q"].map(fmean))
    seeds = Counter((run.method, run.variant, run.protocol) for run in runs)
    return found.groupby([*ROW, "cell"]).filter(lambda held: len(held) == seeds[tuple(held[ROW].iloc[0])])
