"""Table 1 as LaTeX (booktabs), from its CSV: ``python -m cmg.report.latex results/table1.csv > table1.tex``."""

import sys
from pathlib import Path

from cmg.report.layout import CELLS, COLUMNS, label
from cmg.report.markdown import shown
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
    lines += [r"\begin{table*}", r"\centering\small", rf"\begin{{tabular}}{{ll*{{{len(COLUMNS)}}}{{r}}}}", r"\toprule"]
    lines += _head() + [r"\midrule"] + [_line(row) for row in table.rows]
    lines += [r"\bottomrule", r"\end{tabular}", rf"\caption{{{_caption(table)}}}", r"\end{table*}"]
    return "\n".join(lines) + "\n"


def _head() -> list[str]:
    tasks = [escape(cell.label.rpartition(" ")[0]) for cell in CELLS[::2]]
    top = "Method & Protocol & " + " & ".join(rf"\multicolumn{{2}}{{c}}{{{task}}}" for task in tasks) + r" & Avg. \\"
    rules = "".join(rf"\cmidrule(lr){{{3 + 2 * n}-{4 + 2 * n}}}" for n in range(len(tasks)))
    bottom = " & & " + " & ".join(escape(cell.label.rpartition(" ")[2]) for cell in CELLS) + r" & \\"
    return [top, rules, bottom]


def _line(row: Row) -> str:
    cells = [_cell(row.cells.get(column, Cell()), column) for column in COLUMNS]
    return " & ".join([escape(label(row.method, row.toc, row.kind)), escape(row.protocol), *cells]) + r" \\"


def _cell(cell: Cell, column: str) -> str:
    published = rf"\textit{{{escape(cell.published)}}}" if cell.published else ""
    return " ".join(part for part in (escape(shown(cell, column)), published) if part)


def _caption(table: Table) -> str:
    notice = f"{escape(table.notice)}. " if table.notice else ""
    return notice + escape("Cross-modal generalization, percent: mean ± sample standard deviation over seeds; ") + r"\textit{published}."


def main(arguments: list[str]) -> int:
    """Print the LaTeX of one CSV; 2 when not called with exactly one path."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m cmg.report.latex results/table1.csv\n")
        return 2
    sys.stdout.write(table_latex(read_table(Path(arguments[0]))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
