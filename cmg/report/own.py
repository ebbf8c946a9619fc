"""Scores on datasets of your own as CSV, Markdown and tables of the page: mean, sample standard deviation and every
seed's value."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from cmg.report.layout import kind_of, label, row_order
from cmg.report.markdown import escape, markdown_line, shown
from cmg.report.pagetables import Field, PageTable, page_table, score_field
from cmg.report.tablecsv import TOC, number
from cmg.report.tables import Summary, fingerprint_of, summarise
from cmg.results import Cell, Run

KEYS = ("task", "metric", "direction", "toc")
COUNTS = ("n_fit", "n_val", "n_test", "classes")
HEADER = ("method", "variant", "protocol", "seeds", *KEYS, "mean", "sd", "values", "chance", *COUNTS, "fingerprint")
Group = tuple[tuple, list[tuple[Run, Cell]]]


def is_own(task: str) -> bool:
    """Whether a task is one on a dataset of your own, ``<dataset>.<kind>``."""
    return "." in task


def own_groups(runs: Sequence[Run]) -> list[Group]:
    """``(method, variant, protocol, *KEYS)`` with the runs of its seeds and their cells, task by task in the order of
    the tables."""
    found: dict[tuple, list[tuple[Run, Cell]]] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        for cell in run.cells:
            if is_own(cell.task):
                found.setdefault(
                    (run.method, run.variant, run.protocol, *(getattr(cell, key) for key in KEYS)), []
                ).append((run, cell))
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
        fields = [
            f"{task} ({metric})",
            label(method, toc),
            arrow(direction),
            shown(_score(held), 1),
            number(cell.chance, 1),
            str(cell.n_test),
        ]
        lines.append(markdown_line([escape(field) for field in fields]))
    return "\n".join([*([f"> {notice}", ""] if notice else []), *lines]) + "\n"


def own_tables(runs: Sequence[Run]) -> list[PageTable]:
    """A table of the page per task: a row for chance and one per method, ± TOC, a column per direction."""
    tables = []
    for (task, metric), found in groupby(own_groups(runs), key=lambda group: group[0][3:5]):
        groups = list(found)
        ways = sorted({key[5] for key, _ in groups})
        rows: dict[tuple, dict[str, list[tuple[Run, Cell]]]] = {}
        for (*about, _, _, way, toc), held in groups:
            rows.setdefault((*about, toc), {})[way] = held
        name, heads = f"own-{task.replace('.', '-')}", ("Method", *(f"#{arrow(way)}" for way in ways))
        fields = [_chance(groups, ways), *(_fields(about, held, ways) for about, held in rows.items())]
        tables.append(replace(page_table(name, f"{task}, {metric}. {_caption(groups)}", heads, fields), style="table1"))
    return tables


def arrow(direction: str) -> str:
    """``V→A``."""
    return f"{direction[0].upper()}→{direction[1].upper()}"


def _chance(groups: Sequence[Group], ways: Sequence[str]) -> list[object]:
    known = {key[5]: held[0][1].chance for key, held in groups}
    return ["Chance", *(score_field(Summary(mean=known[way]), 1) for way in ways)]


def _fields(about: tuple, held: Mapping[str, list[tuple[Run, Cell]]], ways: Sequence[str]) -> list[object]:
    method, variant, protocol, toc = about
    first = Field(label(method, toc), lines=(("kind", f"variant {variant}, protocol {protocol}"),))
    return [first, *(score_field(_score(held[way]) if way in held else Summary(), 1) for way in ways)]


def _caption(groups: Sequence[Group]) -> str:
    tested = sorted({cell.n_test for _, held in groups for _, cell in held})
    clips = " to ".join(map(str, dict.fromkeys((tested[0], tested[-1]))))
    return (
        "Percent: mean over seeds, ± sample standard deviation. "
        f"{clips} test clips. The same letter twice is the bound of that modality."
    )


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
