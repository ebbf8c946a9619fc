"""LaTeX of the project's tables, from their CSV: ``python -m cmg.report.latex results/table1.csv > table1.tex``.

Tables of scores (tables 1, 2, 5-7, 9-11, CoDAAR's and those of other sweeps) take their layout from the table's name;
the other files that are listed in ``PLAIN`` show their columns, mean and deviation in one. Further files of one table
of scores, as other experiments made them, add their rows to the first's. The text needs the packages booktabs and
graphicx.
"""

import csv
import io
import sys
from itertools import groupby
from pathlib import Path

from cmg.files import BadFile
from cmg.report.layout import LAYOUTS, Layout, label
from cmg.report.markdown import shown
from cmg.report.reading import other_subset
from cmg.report.sweeps import sweep_layout
from cmg.report.tablecsv import read_tables, split_notice
from cmg.report.tables import Row, Summary, Table

SCORES = {layout.name: layout for layout in LAYOUTS}
PLAIN = {
    "table8": "Cost of pretraining",
    "protocols": "Both protocols on the same runs",
    "openset": "Open-set scores",
    "times": "Wall seconds and memory of every stage",
}
LEFT_OUT = ("fingerprint",)
SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "→": r"$\rightarrow$",
    "↔": r"$\leftrightarrow$",
    "±": r"$\pm$",
    "×": r"$\times$",
}


def escape(text: str) -> str:
    """Text that LaTeX prints as it stands, on one line."""
    return "".join(SPECIAL.get(character, character) for character in " ".join(text.split()))


def table_latex(table: Table) -> str:
    """A ``table*`` environment; the notice is a comment in the first line and part of the caption."""
    about = ["Method", "Pretraining", "Protocol"]
    lines = [rf"\begin{{tabular}}{{{'l' * len(about)}*{{{len(table.layout.columns)}}}{{r}}}}", r"\toprule"]
    lines += _head(about, table.layout) + [r"\midrule"] + [_line(row, table.layout) for row in table.rows]
    caption = (
        escape("Cross-modal generalization, percent: mean ± sample standard deviation over seeds;")
        + r" \textit{published}."
    )
    caption = f"{caption} {escape(other_subset(table))}".rstrip()
    return _float(table.notice, [*lines, r"\bottomrule", r"\end{tabular}"], caption)


def _float(notice: str, lines: list[str], caption: str) -> str:
    first = [f"% {notice}"] if notice else []
    said = f"{escape(notice)}. " if notice else ""
    return (
        "\n".join(
            [*first, r"\begin{table*}", r"\centering\small", *lines, rf"\caption{{{said}{caption}}}", r"\end{table*}"]
        )
        + "\n"
    )


def _head(about: list[str], layout: Layout) -> list[str]:
    """Two lines: tasks over their columns, with rules, and what the columns are (``V→A``, ``R@1``)."""
    labels = [layout.labels[column].rpartition(" ") for column in layout.columns if column != layout.average]
    groups = [(task, len(list(found))) for task, found in groupby(label[0] for label in labels)]
    tasks = [rf"\multicolumn{{{n}}}{{c}}{{{escape(task)}}}" for task, n in groups]
    starts = [len(about) + 1 + sum(n for _, n in groups[:place]) for place in range(len(groups))]
    rules = "".join(rf"\cmidrule(lr){{{start}-{start + n - 1}}}" for start, (_, n) in zip(starts, groups, strict=True))
    bottom = ["" for _ in about] + [escape(label[2]) for label in labels] + [""]
    return [" & ".join([*about, *tasks, "Avg."]) + r" \\", rules, " & ".join(bottom) + r" \\"]


def _line(row: Row, layout: Layout) -> str:
    about = [label(row.method, row.toc, row.kind), row.pretraining, row.protocol]
    cells = [_cell(row.cells.get(column, Summary()), layout.digits_of(column)) for column in layout.columns]
    return " & ".join([*map(escape, about), *cells]) + r" \\"


def _cell(cell: Summary, digits: int) -> str:
    published = rf"\textit{{{escape(cell.published)}}}" if cell.published else ""
    return " ".join(part for part in (escape(shown(cell, digits)), published) if part)


def plain_latex(path: Path) -> str:
    """One of the files in ``PLAIN``; values of single seeds and fingerprints are left out.

    Raises:
        ValueError: the file has no header, or a line with too few or too many fields.
    """
    notice, body = split_notice(path.read_text(encoding="utf-8"))
    head, *rows = list(csv.reader(io.StringIO(body))) or [[]]
    if not head or any(len(row) != len(head) for row in rows):
        raise BadFile(f"{path}: expected a header and lines of as many fields; write the file anew")
    fields = [dict(zip(head, row, strict=True)) for row in rows]
    kept = [name for name in head if name not in LEFT_OUT and not name.endswith(("_sd", "_seeds"))]
    columns = [[_value(row, name) for row in fields] for name in kept]
    kinds = "".join("r" if all(map(_is_number, filter(None, column))) else "l" for column in columns)
    lines = [rf"\resizebox{{\textwidth}}{{!}}{{\begin{{tabular}}{{{kinds}}}", r"\toprule"]
    lines += [" & ".join(escape(_stem(name).replace("_", " ")) for name in kept) + r" \\", r"\midrule"]
    lines += [" & ".join(map(escape, row)) + r" \\" for row in zip(*columns, strict=True)]
    return _float(
        notice,
        [*lines, r"\bottomrule", r"\end{tabular}}"],
        f"{PLAIN[path.stem]}: mean {SPECIAL['±']} standard deviation.",
    )


def _is_number(text: str) -> bool:
    try:
        float(text.partition(" ± ")[0])
    except ValueError:
        return False
    return True


def _stem(name: str) -> str:
    return name.removesuffix("_mean")


def _value(row: dict[str, str], name: str) -> str:
    """One field for people: a method's label, a mean with its deviation."""
    if name == "method":
        return label(row[name]) if row[name] else ""
    spread = row.get(f"{_stem(name)}_sd")
    return f"{row[name]} ± {spread}" if spread else row[name]


def latex(path: Path, *others: Path) -> str:
    """The LaTeX of one CSV in ``results/``; ``others``: the same table of other experiments, whose rows join it.

    Raises:
        ValueError: one is not what the project writes, or cannot be joined. FileNotFoundError: one does not exist.
    """
    if path.stem in PLAIN:
        if others:
            raise BadFile(f"{path}: only tables of scores can be joined, found {len(others)} further files")
        return plain_latex(path)
    return table_latex(read_tables([path, *others], SCORES.get(path.stem) or sweep_layout(path.stem)))


def main(arguments: list[str]) -> int:
    """Print the LaTeX of one table; 2 when called without a path, 1 when there is no table in it."""
    if not arguments:
        sys.stderr.write(
            "usage: python -m cmg.report.latex results/table1.csv [the same table of another experiment …]\n"
        )
        return 2
    try:
        sys.stdout.write(latex(*map(Path, arguments)))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\ncan be printed: {', '.join((*SCORES, *PLAIN))} and the tables of sweeps\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
