"""Table 1 as Markdown: mean ± sd, the published number in italics beside it."""

from cmg.report.layout import AVERAGE, COLUMN_LABELS, COLUMNS, label
from cmg.report.tablecsv import NOT_APPLICABLE, number
from cmg.report.tables import Cell, Row, Table

READING = (
    "Percent; mean ± sample standard deviation (n − 1) over seeds; *published number in italics*. AVE and UCF(v)↔VGG(a): top-1; "
    "AVVP and AVE→AVVP: segment-level F-score. V→A: the head is fitted on video codes and scored on audio codes. "
    "Same modality: the bound, fitted and scored on the scored modality. A cell that was not run is empty; n/a: TOC chooses among the "
    "dimensions of a codebook, and the method has none."
)


def digits_of(column: str) -> int:
    """Decimals shown to people: one per cell, two for the average, as in the papers."""
    return 2 if column == AVERAGE else 1


def shown(cell: Cell, column: str) -> str:
    """``61.2 ± 1.0``, ``61.2`` for one seed, empty when not run, ``n/a`` where there is nothing to run."""
    if not cell.applies:
        return NOT_APPLICABLE
    digits = digits_of(column)
    if cell.mean is None:
        return ""
    return number(cell.mean, digits) + ("" if cell.sd is None else f" ± {number(cell.sd, digits)}")


def table_markdown(table: Table) -> str:
    """The Markdown text, notice in the first line when there is one."""
    head = ["Method", "Kind", "Protocol", "Variant", "Seeds", *(COLUMN_LABELS[column] for column in COLUMNS), "Fingerprint"]
    lines = [f"> **{_escape(table.notice)}**", ""] if table.notice else []
    lines += ["# Table 1", "", READING, "", _line(head), _line(["---"] * 5 + ["---:"] * len(COLUMNS) + ["---"])]
    lines += [_line(_fields(row)) for row in table.rows]
    return "\n".join(lines) + "\n"


def _fields(row: Row) -> list[str]:
    cells = [_cell(row.cells.get(column, Cell()), column) for column in COLUMNS]
    seeds = ", ".join(map(str, row.seeds))
    fingerprint = f"`{row.fingerprint[:12]}`" if row.fingerprint else ""
    return [
        _escape(label(row.method, row.toc, row.kind)),
        row.kind,
        _escape(row.protocol),
        _escape(row.variant),
        seeds,
        *cells,
        fingerprint,
    ]


def _cell(cell: Cell, column: str) -> str:
    published = f"*{_escape(cell.published)}*" if cell.published else ""
    difference = "" if cell.difference is None else f"({cell.difference:+.{digits_of(column)}f})"
    return " ".join(part for part in (shown(cell, column), published, difference) if part)


def _escape(text: str) -> str:
    for character in "\\`*_|<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def _line(fields: list[str]) -> str:
    return "| " + " | ".join(fields) + " |"
