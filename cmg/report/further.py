"""Page tables beside the papers' main ones: both protocols side by side, and sweeps, as their CSV files hold them."""

from dataclasses import replace
from pathlib import Path

from cmg.report.layout import label
from cmg.report.pagetables import Field, PageTable, page_table, score_table
from cmg.report.protocols import COMPARED, read_protocols
from cmg.report.sweeps import sweep_layout
from cmg.report.tablecsv import read_table


def protocol_table(path: Path) -> PageTable:
    """`results/protocols.csv`, a row per method, ± TOC and cell.

    Raises:
        ValueError: the file has another header; names it.
    """
    rows = []
    for line in read_protocols(path):
        sides = [
            [*_score(line, side), line[f"{side}_chance"], line[f"{side}_metric"]] for side in ("strict", "published")
        ]
        fitted = f"{line['published_n_test_fitted']} of {line['published_n_test']}"
        cell = COMPARED.get(line["cell"], line["cell"])
        rows.append(
            [label(line["method"], line["toc"] == "yes"), cell, *sides[0], *sides[1], line["inflation"], fitted]
        )
    titles = [(f"#{name}", "#Chance", "Metric") for name in ("strict", "published")]
    heads = ("Method", "Cell", *titles[0], *titles[1], "#Difference", "#Tested clips that the head was fitted on")
    caption = (
        "The same runs under both protocols, percent. "
        "Where the metrics differ, the difference mixes them with what was leaked."
    )
    return replace(page_table("protocols", caption, heads, rows), style="table1", title="Both protocols side by side")


def _score(line: dict[str, str], side: str) -> list[Field]:
    spread = (("sd", f"± {line[f'{side}_score_sd']}"),) if line[f"{side}_score_sd"] else ()
    return [Field(line[f"{side}_score_mean"], lines=spread)]


def swept_table(path: Path, points: str) -> PageTable:
    """A table of a sweep as its CSV holds it. points: what its rows stand for.

    Raises:
        ValueError: the file is not what the sweep writes; names it.
    """
    table = read_table(path, sweep_layout(path.stem))
    page = score_table(table)
    return replace(page, title=table.layout.title, caption=f"{page.caption} Rows: {points}.")
