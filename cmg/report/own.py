"""Scores on datasets of your own as CSV and Markdown: mean, sample standard deviation and every seed's value."""

import csv
import io
from collections.abc import Mapping, Sequence
from functools import partial

from cmg.report.layout import kind_of, label, row_order
from cmg.report.markdown import escape, markdown_line, shown
from cmg.report.tablecsv import TOC, number
from cmg.report.tables import Summary, fingerprint_of, summarise
from cmg.results import Cell, Run

KEYS = ("task", "metric", "direction", "toc")
COUNTS = ("n_fit", "n_val", "n_test", "classes")
HEADER = ("method", "variant", "protocol", "seeds", *KEYS, "mean", "sd", "values", "chance", *COUNTS, "fingerprint")
Group = tuple[tuple, list[tuple[Run, Cell]]]


def own_groups(runs: Sequence[Run]) -> list[Group]:
    """``(method, variant, protocol, *KEYS)`` with the runs of its seeds and their cells, task by task in the order of the tables."""
    found: dict[tuple, list[tuple[Run, Cell]]] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        for cell in run.cells:
            if "." in cell.task:  # <dataset>.<kind>
                found.setdefault((run.method, run.variant, run.protocol, *(getattr(cell, key) for key in KEYS)), []).append((run, cell))
    return sorted(found.items(), key=_order)


def own_csv(runs: Sequence[Run], fingerprints: Mapping[str, str], notice: str = "") -> str:
    """The CSV text, notice first as a comment. Counts and chance are those of the first seed."""
    out = io.StringIO()
    out.write(f"# {' '.join(notice.split())}\n" if notice else "")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_line(key, held, fingerprints) for key, held in own_groups(runs))
    return out.getvalue()


def own_markdown(runs: Sequence[Run], notice: str = "") -> str:
    """A table to read, notice first."""
    heads = ["Task", "Method", "Direction", "Score", "Chance", "Test"]
    lines = [markdown_line(heads), markdown_line(["---"] * len(heads))]
    for (method, _, _, task, metric, direction, toc), held in own_groups(runs):
        cell = held[0][1]
        way = f"{direction[0].upper()}→{direction[1].upper()}"
        fields = [f"{task} ({metric})", label(method, toc), way, shown(_score(held), 1), number(cell.chance, 1), str(cell.n_test)]
        lines.append(markdown_line([escape(field) for field in fields]))
    return "\n".join([*([f"> {notice}", ""] if notice else []), *lines]) + "\n"


def _score(held: Sequence[tuple[Run, Cell]]) -> Summary:
    return summarise([cell.score for _, cell in held])


def _order(item: Group) -> tuple:
    method, variant, protocol, task, metric, direction, toc = item[0]
    return (task, metric, row_order(kind_of(method), method, toc, variant, protocol), direction)


def _line(key: tuple, held: Sequence[tuple[Run, Cell]], fingerprints: Mapping[str, str]) -> list[str]:
    *head, toc = key
    score, first = _score(held), held[0][1]
    seeds = ";".join(str(run.seed) for run, _ in held)
    counts = ["" if value is None else str(value) for value in map(partial(getattr, first), COUNTS)]
    scores = [number(score.mean), number(score.sd), ";".join(map(number, score.values)), number(first.chance)]
    fingerprint = fingerprint_of([run for run, _ in held], fingerprints)
    return [*map(str, head[:3]), seeds, *map(str, head[3:]), TOC[toc], *scores, *counts, fingerprint]
