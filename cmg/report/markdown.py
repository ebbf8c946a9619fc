"""A table as Markdown: mean ± sd, the published number in italics beside it."""

from cmg.report.layout import Layout, label
from cmg.report.reading import reading
from cmg.report.tablecsv import NOT_APPLICABLE, number
from cmg.report.tables import Row, Summary, Table


def shown(cell: Summary, digits: int) -> str:
    """``61.2 ± 1.0``, ``61.2`` for one seed, empty when not run, ``n/a`` where there is nothing to run."""
    if not cell.applies:
        return NOT_APPLICABLE
    if cell.mean is None:
        return ""
    return number(cell.mean, digits) + ("" if cell.sd is None else f" ± {number(cell.sd, digits)}")


def table_markdown(table: Table) -> str:
    """The Markdown text, notice in the first line when there is one."""
    about = ["Method", "Kind", "Pretraining", "Protocol", "Variant", "Seeds"]
    head = [*about, *table.layout.labels.values(), "Fingerprint"]
    lines = [f"> **{escape(table.first_line)}**", ""] if table.first_line else []
    lines += [f"# {table.layout.title}", "", reading(table), "", markdown_line(head)]
    lines += [markdown_line(["---"] * len(about) + ["---:"] * len(table.layout.columns) + ["---"])]
    lines += [markdown_line(_fields(row, table.layout)) for row in table.rows]
    return "\n".join(lines) + "\n"


def _fields(row: Row, layout: Layout) -> list[str]:
    cells = [_cell(row.cells.get(column, Summary()), layout.digits_of(column)) for column in layout.columns]
    seeds = ", ".join(map(str, row.seeds))
    fingerprint = f"`{row.fingerprint[:12]}`" if row.fingerprint else ""
    return [
        escape(label(row.method, row.toc, row.kind)),
        row.kind,
        escape(row.pretraining),
        escape(row.protocol),
        escape(row.variant),
        seeds,
        *cells,
        fingerprint,
    ]


def _cell(cell: Summary, digits: int) -> str:
    published = f"*{escape(cell.published)}*" if cell.published else ""
    difference = "" if cell.difference is None else f"({cell.difference:+.{digits}f})"
    return " ".join(part for part in (shown(cell, digits), published, difference) if part)


def escape(text: str) -> str:
    """Text that Markdown prints as it stands, on one line."""
    for character in "\\`*_|<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def markdown_line(fields: list[str]) -> str:
    """One line of a Markdown table; fields are escaped by the caller."""
    return "| " + " | ".join(fields) + " |"
