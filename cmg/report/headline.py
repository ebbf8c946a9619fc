"""The result in one sentence and one chart: averages of table 1 beside chance, control, same-modality bound and
published number; without an average the first task that ran, a sentence and a chart per direction."""

from collections.abc import Iterable
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from cmg.report.figures import INK, LINES, STYLE, Panel, ascii_label, make_axes, make_panel
from cmg.report.layout import AVERAGE, BOUND, CHANCE, COLUMN_LABELS, label
from cmg.report.tables import Row, Summary, Table

GREY = "#8a8a8a"
NOTHING = Summary()


def shown_rows(table: Table, column: str = AVERAGE) -> list[Row]:
    """Controls and methods that have a number in the column."""
    return [
        row
        for row in table.rows
        if row.kind in ("control", "method") and row.cells.get(column, NOTHING).mean is not None
    ]


def leading(table: Table) -> list[str]:
    """The columns that come first: the average, or what ran of the first task with a number."""
    return [column for column in (AVERAGE, *table.layout.columns) if shown_rows(table, column)][
        : 1 if shown_rows(table) else 2
    ]


def beside(table: Table, row: Row, kind: str) -> Row | None:
    """The row of chance, or of the same runs' bound, under the same protocol."""
    for other in table.rows:
        same = kind == CHANCE or (other.method, other.variant, other.toc) == (row.method, row.variant, row.toc)
        if other.kind == kind and other.protocol == row.protocol and same:
            return other
    return None


def sentence(table: Table, column: str = AVERAGE) -> str:
    """The best method in the column beside chance, the best control, its own bound and the published number; empty
    where none has it."""
    methods = [row for row in shown_rows(table, column) if row.kind == "method"]
    if not methods:
        return ""
    best = max(methods, key=lambda row: row.cells[column].mean or 0.0)
    cell, where = (
        best.cells[column],
        "on average over the eight cells" if column == AVERAGE else f"in {COLUMN_LABELS[column]}",
    )
    others = [(name, _mean(found, column)) for name, found in _compared(table, best, column)]
    words = [f"{name} {mean:.1f}" for name, mean in others if mean is not None]
    words += [f"published {cell.published} on the papers' data"] if cell.published else []
    score = f"{cell.mean:.1f}" + ("" if cell.sd is None else f" ± {cell.sd:.1f}")
    told = f"Of the methods, {label(best.method, best.toc)} transfers best: {score} % {where}"
    return f"{told}; {', '.join(words)}." if words else f"{told}."


def _compared(table: Table, best: Row, column: str) -> Iterable[tuple[str, Row | None]]:
    yield "chance", beside(table, best, CHANCE)
    controls = [row for row in shown_rows(table, column) if row.kind == "control" and row.protocol == best.protocol]
    if controls:
        control = max(controls, key=lambda row: row.cells[column].mean or 0.0)
        yield f"best control ({label(control.method, control.toc)})", control
    yield "bound in the same modality", beside(table, best, BOUND)


def _mean(row: Row | None, column: str) -> float | None:
    return None if row is None else row.cells.get(column, NOTHING).mean


def chart(table: Table, column: str = AVERAGE, width: float = 4.8) -> Panel:
    """Every control and method: a dot per seed, the mean and its deviation, the bound, the published number; chance is
    the dashed line."""
    rows = shown_rows(table, column)
    with rc_context(STYLE):
        figure, axes = make_axes(width, 0.95 + 0.27 * max(len(rows), 1))
        for place, row in enumerate(rows):
            _draw(axes, place, row, beside(table, row, BOUND), column)
        chances = [mean for row in table.rows if row.kind == CHANCE and (mean := _mean(row, column)) is not None]
        for value in chances:
            axes.axvline(value, color=INK, linestyle="--", linewidth=1)
        axes.set_yticks(range(len(rows)), [ascii_label(label(row.method, row.toc)) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        axes.set_xlabel("percent")
        figure.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
        words = [_words(table, row, column) for row in rows]
        described = "; ".join([*(f"Chance {value:.1f}" for value in chances), *words])
        return make_panel(figure, f"{COLUMN_LABELS[column]} of table 1", f"Percent. {described or 'Not run'}.")


def _draw(axes: Axes, place: int, row: Row, bound: Row | None, column: str) -> None:
    cell, colour = row.cells[column], LINES[0] if row.kind == "method" else LINES[1]
    seeds = [value for value in cell.values if value is not None]
    axes.barh(place, cell.shown, height=0.62, color=colour, alpha=0.28, linewidth=0)
    axes.errorbar(
        cell.shown, place, xerr=cell.sd, color=colour, fmt="|", markersize=12, markeredgewidth=2.2, elinewidth=1.4
    )
    axes.plot(seeds, [place] * len(seeds), "o", color=colour, markersize=3.5, markeredgewidth=0)
    if (limit := _mean(bound, column)) is not None:
        axes.plot([limit], [place], "|", color=GREY, markersize=12, markeredgewidth=2.2)
    if printed := _printed(cell):
        axes.plot([printed], [place], "D", markerfacecolor="none", color=INK, markersize=5)


def _printed(cell: Summary) -> float | None:
    """The published number; None where a paper prints none or more than a number."""
    try:
        return float(cell.published)
    except ValueError:
        return None


def _legend() -> list[Line2D]:
    marks: dict[str, dict[str, Any]] = {
        "method, a dot per seed": {"color": LINES[0], "marker": "o"},
        "control": {"color": LINES[1], "marker": "o"},
        "same modality (bound)": {"color": GREY, "marker": "|", "markersize": 10, "markeredgewidth": 2.2},
        "published, on the papers' data": {"color": INK, "marker": "D", "markerfacecolor": "none"},
        "chance": {"color": INK, "linestyle": "--"},
    }
    common: dict[str, Any] = {"linestyle": "none", "markersize": 5}
    return [Line2D([], [], label=name, **(common | style)) for name, style in marks.items()]


def _words(table: Table, row: Row, column: str) -> str:
    cell, bound = row.cells[column], beside(table, row, BOUND)
    spread = "" if cell.sd is None else f" ± {cell.sd:.1f}"
    limit = "" if bound is None or bound.cells[column].mean is None else f", bound {bound.cells[column].mean:.1f}"
    published = f", published {cell.published}" if cell.published else ""
    return f"{label(row.method, row.toc)} {cell.mean:.1f}{spread}{limit}{published}"
