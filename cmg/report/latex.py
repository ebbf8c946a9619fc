"""A table as LaTeX (booktabs), from its CSV: ``python -m cmg.report.latex results/table1.csv > table1.tex``."""

import sys
from itertools import groupby
from pathlib import Path

from cmg.report.layout import LAYOUTS, Layout, label
from cmg.report.markdown import shown
from cmg.report.sweeps import sweep_layout
from cmg.report.tablecsv import read_table
from cmg.report.tables import Cell, Row, Table

SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "→": r"$\rightarrow$",
    "↔": r"$\leftrightarrow$",
    "±": r"$\pm$",
}


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands, on one line."""
    return "".join(SPECIAL.get(character, character) for character in " ".join(text.split()))


def table_latex(table: Table) -> str:
    """A ``table*`` environment; the notice is a comment in the first line and part of the caption."""
    lines = [f"% {table.notice}"] if table.notice else []
    lines += [r"\begin{table*}", r"\centering\small", rf"\begin{{tabular}}{{ll*{{{len(table.layout.columns)}}}{{r}}}}", r"\toprule"]
    lines += _head(table.layout) + [r"\midrule"] + [_line(row, table.layout) for row in table.rows]
    lines += [r"\bottomrule", r"\end{tabular}", rf"\caption{{{_caption(table)}}}", r"\end{table*}"]
    return "\n".join(lines) + "\n"


def _head(layout: Layout) -> list[str]:
    """Two lines: tasks over their columns, with rules, and what the columns are (``V→A``, ``R@1``)."""
    labels = [layout.labels[column].rpartition(" ") for column in layout.columns if column != layout.average]
    groups = [(task, len(list(found))) for task, found in groupby(label[0] for label in labels)]
    top = "Method & Protocol & " + " & ".join(rf"\multicolumn{{{n}}}{{c}}{{{escape(task)}}}" for task, n in groups) + r" & Avg. \\"
    starts = [3 + sum(n for _, n in groups[:place]) for place in range(len(groups))]
    rules = "".join(rf"\cmidrule(lr){{{start}-{start + n - 1}}}" for start, (_, n) in zip(starts, groups, strict=True))
    bottom = " & & " + " & ".join(escape(label[2]) for label in labels) + r" & \\"
    return [top, rules, bottom]


def _line(row: Row, layout: Layout) -> str:
    cells = [_cell(row.cells.get(column, Cell()), layout.digits_of(column)) for column in layout.columns]
    return " & ".join([escape(label(row.method, row.toc, row.kind)), escape(row.protocol), *cells]) + r" \\"


def _cell(cell: Cell, digits: int) -> str:
    published = rf"\textit{{{escape(cell.published)}}}" if cell.published else ""
    return " ".join(part for part in (escape(shown(cell, digits)), published) if part)


def _caption(table: Table) -> str:
    notice = f"{escape(table.notice)}. " if table.notice else ""
    return notice + escape("Cross-modal generalization, percent: mean ± sample standard deviation over seeds; ") + r"\textit{published}."


def main(arguments: list[str]) -> int:
    """Print the LaTeX of one CSV; 2 when not called with exactly one path."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m cmg.report.latex results/table1.csv\n")
        return 2
    path = Path(arguments[0])
    layouts = {layout.name: layout for layout in LAYOUTS}
    sys.stdout.write(table_latex(read_table(path, layouts.get(path.stem) or sweep_layout(path.stem))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
