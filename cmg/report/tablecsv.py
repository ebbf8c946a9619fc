"""Tables as CSV, and those of scores back: two decimals, no times, the notice as a comment in the first line."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

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


def csv_text(
    names: Iterable[str], rows: Iterable[Mapping[str, Any]], *notices: str, digits: Mapping[str, int] | None = None
) -> str:
    """A line per row under a header, after the notices that are not empty as comments; the same rows give the same
    bytes.

    Args:
        names: the fields to write; one that a row lacks is empty. Of a `Summary` under the name ``h`` these are
            ``h_mean``, ``h_sd``, ``h_seeds``, ``h_published`` and ``h_difference``; ``h`` is the printed number, or
            else the mean.
        digits: decimals of fields that have other than two.
    """
    names, out = list(names), io.StringIO()
    out.writelines(f"# {' '.join(notice.split())}\n" for notice in notices if notice)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in map(_spread, rows):
        writer.writerow(_text(row.get(name), (digits or {}).get(name, 2)) for name in names)
    return out.getvalue()


def _spread(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the parts of each summary beside it."""
    found = dict(row)
    for name, cell in row.items():
        if isinstance(cell, Summary):
            mean = cell.mean if cell.applies else NOT_APPLICABLE
            seeds = cell.values if any(value is not None for value in cell.values) else ()
            parts = (mean, cell.sd, seeds, cell.published, cell.difference)
            found |= {f"{name}_{part}": value for part, value in zip(PARTS, parts, strict=True)}
            found[name] = cell.published or mean
    return found


def _text(value: object, digits: int) -> str:
    """One field: a float with its decimals, several values joined, yes or no; empty for None."""
    if isinstance(value, tuple):
        return ";".join(_text(item, digits) for item in value)
    if isinstance(value, bool):
        return TOC[value]
    return number(value, digits) if value is None or isinstance(value, float) else str(value)


def table_csv(table: Table) -> str:
    """A table of scores, a line per row."""
    rows = ({**vars(row), **row.cells} for row in table.rows)
    return csv_text(header(table.layout), rows, table.first_line)


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
