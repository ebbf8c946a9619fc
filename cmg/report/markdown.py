"""A table as Markdown: mean ± sd, the published number in italics beside it."""

from collections.abc import Iterable, Sequence

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
    heads = ["Method", "Kind", "Pretraining", "Protocol", "Variant", "Seeds"]
    heads += [*(f"#{text}" for text in table.layout.labels.values()), "Fingerprint"]
    rows = [_fields(row, table.layout) for row in table.rows]
    return markdown_page(table.first_line, f"# {table.layout.title}", reading(table), markdown_table(heads, rows))


def _fields(row: Row, layout: Layout) -> list[str]:
    about = [label(row.method, row.toc, row.kind), row.kind, row.pretraining, row.protocol, row.variant]
    cells = [_cell(row.cells.get(column, Summary()), layout.digits_of(column)) for column in layout.columns]
    return [*map(escape, about), ", ".join(map(str, row.seeds)), *cells, mark(row.fingerprint)]


def mark(fingerprint: str) -> str:
    """A fingerprint's first characters; empty where there is none."""
    return f"`{fingerprint[:12]}`" if fingerprint else ""


def _cell(cell: Summary, digits: int) -> str:
    published = f"*{escape(cell.published)}*" if cell.published else ""
    difference = "" if cell.difference is None else f"({cell.difference:+.{digits}f})"
    return " ".join(part for part in (shown(cell, digits), published, difference) if part)


def escape(text: str) -> str:
    """Text that Markdown prints as it stands, on one line."""
    for character in "\\`*_|<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def markdown_page(notice: str, *parts: str) -> str:
    """Parts with a line between them, under the notice when there is one."""
    return "\n\n".join([*([f"> **{escape(notice)}**"] if notice else []), *parts]) + "\n"


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a head that starts with ``#`` is a number column. Fields are escaped by the caller."""
    rules = ["---:" if head.startswith("#") else "---" for head in heads]
    lines = [[head.removeprefix("#") for head in heads], rules, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
