"""A table as CSV and back: two decimals, no times, the notice as a comment in the first line."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from cmg.files import BadFile
from cmg.report.layout import LAYOUTS, PUBLISHED, TABLE1, Layout
from cmg.report.tables import Row, Summary, Table

HEAD = ("method", "toc", "kind", "variant", "protocol", "seeds", "pretraining")
PARTS = ("mean", "sd", "seeds", "published", "difference")
NOT_APPLICABLE = "n/a"
TOC = {True: "yes", False: "no", None: ""}


def header(layout: Layout) -> tuple[str, ...]:
    """Names of the CSV's fields."""
    return (*HEAD, *(f"{column}_{part}" for column in layout.columns for part in PARTS), "fingerprint")


def number(value: float | None, digits: int = 2) -> str:
    """A fixed number of decimals; empty for None; never ``-0.00``."""
    if value is None:
        return ""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def table_csv(table: Table) -> str:
    """The CSV text: ``# notice`` first when there is one, then the header, then a line per row. The same table gives
    the same bytes."""
    out = io.StringIO()
    if table.first_line:
        out.write(f"# {table.first_line}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header(table.layout))
    writer.writerows(_line(row, table.layout) for row in table.rows)
    return out.getvalue()


def _line(row: Row, layout: Layout) -> list[str]:
    line = [
        row.method,
        TOC[row.toc],
        row.kind,
        row.variant,
        row.protocol,
        ";".join(map(str, row.seeds)),
        row.pretraining,
    ]
    for column in layout.columns:
        cell = row.cells.get(column, Summary())
        values = "" if all(value is None for value in cell.values) else ";".join(map(number, cell.values))
        line += [
            number(cell.mean) if cell.applies else NOT_APPLICABLE,
            number(cell.sd),
            values,
            cell.published,
            number(cell.difference),
        ]
    return [*line, row.fingerprint]


def read_table(path: Path, layout: Layout = TABLE1) -> Table:
    """Read what ``table_csv`` wrote; values come back rounded to two decimals.

    Raises:
        ValueError: another header, or a line with too few or too many fields.
    """
    notice, body = split_notice(path.read_text(encoding="utf-8"))
    lines = list(csv.reader(io.StringIO(body)))
    names = header(layout)
    if not lines or tuple(lines[0]) != names:
        found = ",".join(lines[0][:7]) if lines else "nothing"
        expected = f"the header of {layout.title.lower()} ({','.join(names[:7])},…)"
        raise BadFile(f"{path}: expected {expected}, found {found}; {_help(layout)}")
    return Table(
        notice, tuple(_parse(line, layout, f"{path}: row {n}") for n, line in enumerate(lines[1:], start=1)), layout
    )


def read_tables(paths: Sequence[Path], layout: Layout = TABLE1) -> Table:
    """Files of one table as one: our rows of each in their order, then the printed rows, which all of them have, once;
    errors as above."""
    tables = [read_table(path, layout) for path in paths]
    ours = [row for table in tables for row in table.rows if row.kind != PUBLISHED]
    printed = [row for row in tables[0].rows if row.kind == PUBLISHED]
    return Table("; ".join(dict.fromkeys(table.notice for table in tables if table.notice)), (*ours, *printed), layout)


def split_notice(text: str) -> tuple[str, str]:
    """The notice in the first line of one of the project's CSV texts, without its ``# ``, and the rest; no notice is
    empty."""
    if not text.startswith("# "):
        return "", text
    comment, _, body = text.partition("\n")
    return comment[2:], body


def _help(layout: Layout) -> str:
    return "run: dvc repro tables" if layout in LAYOUTS else "tables of sweeps are made as docs/ablations.md says"


def _parse(line: list[str], layout: Layout, where: str) -> Row:
    names = header(layout)
    if len(line) != len(names):
        raise BadFile(f"{where}: expected {len(names)} fields, found {len(line)}; {_help(layout)}")
    fields = dict(zip(names, line, strict=True))
    seeds = tuple(int(seed) for seed in fields["seeds"].split(";") if seed)
    toc = {text: flag for flag, text in TOC.items()}[fields["toc"]]
    cells = {column: _cell(fields, column, len(seeds)) for column in layout.columns}
    kind, variant, protocol = (fields[name] for name in ("kind", "variant", "protocol"))
    return Row(
        fields["method"], toc, kind, variant, protocol, seeds, cells, fields["fingerprint"], fields["pretraining"]
    )


def _cell(fields: dict[str, str], column: str, seeds: int) -> Summary:
    mean, sd, values, published, difference = (fields[f"{column}_{part}"] for part in PARTS)
    if mean == NOT_APPLICABLE:
        return Summary(published=published, applies=False)
    parsed = tuple(_optional(value) for value in values.split(";")) if values else (None,) * seeds
    return Summary(_optional(mean), _optional(sd), parsed, published, _optional(difference))


def _optional(text: str) -> float | None:
    return float(text) if text else None
