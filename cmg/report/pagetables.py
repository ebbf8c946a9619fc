"""The page's tables as plain data: headings and fields, each with the key it sorts by; the template only draws them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cmg.report.conditions import METRICS, condition_of
from cmg.report.history import History
from cmg.report.inputs import Group, StoreFacts
from cmg.report.layout import KINDS, Layout, label
from cmg.report.published import SOURCES, Published
from cmg.report.reading import other_subset
from cmg.report.tablecsv import NOT_APPLICABLE, number
from cmg.report.tables import Row, Summary, Table
from cmg.report.visible import visible


@dataclass(frozen=True)
class Field:
    """One table field: text, smaller lines below it as (class, text), and the sort key (None: the text)."""

    text: str
    sort: str | None = None
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PageTable:
    """``heads`` are (text, class) pairs; the first field of each row is its heading; ``rows`` are (class, fields)
    pairs.

    style: class of the table. title: what it is called where it is folded away.
    """

    name: str
    caption: str
    heads: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Field, ...]], ...]
    style: str = ""
    title: str = ""


def _heads(*names: str) -> tuple[tuple[str, str], ...]:
    """Heading and class; a name that starts with ``#`` is a number column, with ``>`` a wide one."""
    classes = {"#": "num", ">": "wide"}
    return tuple((name.lstrip("#>"), classes.get(name[0], "")) for name in names)


def _rows(rows: Iterable[Sequence[object]]) -> tuple[tuple[str, tuple[Field, ...]], ...]:
    return tuple(("", tuple(value if isinstance(value, Field) else _plain(value) for value in row)) for row in rows)


def _plain(value: object) -> Field:
    return Field("") if value is None else Field(visible(value))


def page_table(name: str, caption: str, heads: Iterable[str], rows: Iterable[Sequence[object]]) -> PageTable:
    """Rows of plain values; a head that starts with ``#`` is a number column, with ``>`` a wide one."""
    return PageTable(name, caption, _heads(*heads), _rows(rows))


def score_table(table: Table, kinds: Sequence[str] = KINDS, name: str = "", title: str = "") -> PageTable:
    """Ours, spread and the published number in each field, the average first; what all rows share stands in the
    caption.

    kinds: of the rows. name, title: of a part of the table that stands apart.
    """
    rows = [row for row in table.rows if row.kind in kinds]
    shared, told = _shared(rows), other_subset(table)
    caption = (
        f"{title or table.layout.title}. "
        "Percent: mean over seeds, ± sample standard deviation (n − 1), published numbers in italics. "
        f"{f'All rows: {shared}. ' if shared else ''}{told}{' ' * bool(told)}Headings sort the rows."
    )
    columns = _average_first(table.layout)
    # a line may break there
    heads = _heads("Method", *(f"#{table.layout.labels[column]}".replace("(", "\u200b(") for column in columns))
    fields = tuple((row.kind, _score_fields(row, table.layout, columns, _abouts(rows))) for row in rows)
    return PageTable(name or table.layout.name, caption, heads, fields, "table1", title)


def _average_first(layout: Layout) -> list[str]:
    return sorted(layout.columns, key=lambda column: column != layout.average)


def _about(row: Row) -> dict[str, str]:
    """What a row is besides its method."""
    seeds = ", ".join(map(str, row.seeds))
    return {"protocol": row.protocol, "variant": row.variant, "VGGSound-AVEL": row.pretraining, "seeds": seeds}


def _abouts(rows: Sequence[Row]) -> dict[str, set[str]]:
    """Every value that some row has, by what it is."""
    return {
        name: {_about(row)[name] for row in rows} - {""} for name in ("protocol", "variant", "VGGSound-AVEL", "seeds")
    }


def _shared(rows: Sequence[Row]) -> str:
    """``protocol strict, seeds 0, 1, 2``: what is the same in all rows that have it."""
    return "; ".join(f"{name} {next(iter(values))}" for name, values in _abouts(rows).items() if len(values) == 1)


def _score_fields(
    row: Row, layout: Layout, columns: Sequence[str], values: Mapping[str, set[str]]
) -> tuple[Field, ...]:
    words = ["control"] * (row.kind == "control")
    words += [f"{name} {text}" for name, text in _about(row).items() if text and len(values[name]) > 1]
    first = Field(visible(label(row.method, row.toc, row.kind)), lines=tuple(("kind", visible(text)) for text in words))
    return (first, *(score_field(row.cells.get(column, Summary()), layout.digits_of(column)) for column in columns))


def score_field(cell: Summary, digits: int) -> Field:
    """Ours, with the spread, the published number and the difference as smaller lines; a dash where only a paper has a
    number."""
    if not cell.applies:
        return Field(NOT_APPLICABLE, "")
    lines = [] if cell.sd is None else [("sd", f"± {number(cell.sd, digits)}")]
    lines += [("paper", visible(cell.published))] if cell.published else []
    lines += [] if cell.difference is None else [("sd", f"difference {cell.difference:+.{digits}f}")]
    text = "–" if cell.mean is None and cell.published else number(cell.mean, digits)
    return Field(text, "" if cell.mean is None else f"{cell.mean:.6f}", tuple(lines))


def seed_table(table: Table) -> PageTable:
    """Every seed's value of every cell, one line per row and seed."""
    rows = []
    for row in table.rows:
        for place, seed in enumerate(row.seeds):
            values = [number(row.cells[column].values[place]) for column in table.layout.columns]
            rows.append([label(row.method, row.toc, row.kind), f"{row.protocol}, {row.variant}", seed, *values])
    heads = _heads("Method", "Protocol, variant", "#Seed", *(f"#{text}" for text in table.layout.labels.values()))
    return PageTable(
        f"{table.layout.name}-seeds",
        f"{table.layout.title}: every seed's value, percent.",
        heads,
        _rows(rows),
        "table1 dense",
    )


def store_table(stores: Sequence[StoreFacts]) -> PageTable:
    """Feature stores with their clips by status."""
    rows = [
        [
            s.dataset,
            s.modality,
            sum(s.counts.values()),
            s.counts.get("ok", 0),
            sum(s.counts.values()) - s.counts.get("ok", 0),
            s.weights[:12],
            s.recipe,
        ]
        for s in stores
    ]
    heads = _heads("Dataset", "Modality", "#Clips", "#Usable", "#Not usable", "Weights digest", ">Recipe")
    return PageTable("stores", "Feature stores: what was extracted, with which weights.", heads, _rows(rows))


def group_table(name: str, caption: str, place: str, groups: Sequence[Group]) -> PageTable:
    """Failures or problems with counts and examples; ``place`` names the second column."""
    rows = [
        [
            g.dataset,
            g.modality or g.place,
            g.status,
            Field(str(g.count)),
            g.reason,
            " · ".join(map(visible, g.examples)),
        ]
        for g in groups
    ]
    return PageTable(name, caption, _heads("Dataset", place, "Status", "#Count", ">Reason", ">Examples"), _rows(rows))


def ends_table(
    name: str, caption: str, histories: Sequence[History], counted: str = "Steps", codebook: bool | None = None
) -> PageTable:
    """First and last finite value of each column of each run: what the curves show, as text. ``codebook``: see
    ``History.names``."""
    rows = []
    for history in histories:
        for column in history.columns if codebook is None else history.names(codebook):
            values = [value for value in history.columns[column] if math.isfinite(value)]
            ends = [f"{values[0]:.4g}", f"{values[-1]:.4g}"] if values else ["", ""]
            rows.append([history.run, column, len(values), *ends])
    return PageTable(name, caption, _heads("Run", "Quantity", f"#{counted}", "#First", "#Last"), _rows(rows))


def published_table(entries: Sequence[Published]) -> PageTable:
    """Every published number with its source, what it is, and how it was measured."""
    rows = []
    for e in entries:
        how = condition_of(e)
        rows.append(
            [
                e.source_row,
                e.source_column,
                e.printed,
                METRICS[how.metric],
                e.pretraining,
                e.table,
                how.conditions,
                how.known_from,
            ]
        )
    heads = _heads(
        "Row", "Column", "#Printed", "What it is", "Pretraining", "Table", ">How it was measured", "Known from"
    )
    papers = "; ".join(
        f"{table}: {SOURCES[paper]}" for paper, table in dict.fromkeys((e.paper, e.table) for e in entries)
    )
    return PageTable(
        "published", f"Published numbers, where they stand and what they are. {papers}.", heads, _rows(rows)
    )


def fingerprint_table(table: Table) -> PageTable:
    """Full fingerprint of every row."""
    rows = [
        [label(row.method, row.toc, row.kind), row.protocol, row.variant, row.fingerprint or "not given"]
        for row in table.rows
    ]
    return PageTable(
        "fingerprints",
        "Fingerprints of the rows of table 1; a row of another table has its method's.",
        _heads("Row", "Protocol", "Variant", ">Fingerprint"),
        _rows(rows),
    )
