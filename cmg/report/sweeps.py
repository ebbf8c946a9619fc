"""Tables and figures of sweeps: a row per point, in the order given, with what the papers print for it.

A point's runs stand under the name ``<method>+<point>``; the default point's are the main run's own.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmg.report.figures import LINES, STYLE
from cmg.report.inputs import ReportInputs
from cmg.report.layout import AVERAGE, BOUND, CELLS, CHANCE, COLUMNS, Layout, arrow
from cmg.report.published import SWEEPS, read_published
from cmg.report.tables import Row, Table, make_table

AVERAGE_ALONE = ("table7",)
DRAWN = ("ave", "avvp")  # the tasks of CoDAAR's Figures 7 and 8
MARKS = {"va": "o-", "av": "s--"}


def sweep_layout(name: str, values: Mapping[str, Mapping[str, object]] | None = None) -> Layout:
    """The layout of one table. ``values``: per row, the values in which the rows differ; they are listed above the
    table."""
    lines = [
        f"- `{row}`: {', '.join(f'{key} {_shown(value)}' for key, value in found.items())}"
        for row, found in (values or {}).items()
    ]
    columns = (AVERAGE,) if name in AVERAGE_ALONE else COLUMNS
    return Layout(name, CELLS, AVERAGE, columns, (1, 2), details="\n\nRows:\n\n" + "\n".join(lines))


def _shown(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def sweep_table(layout: Layout, inputs: ReportInputs, rows: Sequence[str], toc_only: Sequence[str] = ()) -> Table:
    """Chance, then every row without TOC in the order of ``rows``, then every row with it; no same-modality bounds.

    Args:
        rows: methods as in the run results, ``fcid`` or ``fcid+codebook_256``.
        toc_only: those that differ from the main run with TOC alone, and are shown with it alone.
    """
    published = (*inputs.published, *read_published(SWEEPS))
    table = make_table(inputs.runs, published, inputs.fingerprints, inputs.notice, inputs.pretraining, layout)
    places = {CHANCE: -1, **{row: place for place, row in enumerate(rows)}}
    kept = [row for row in table.rows if row.kind != BOUND and (row.toc or row.method not in toc_only)]
    ordered = sorted(kept, key=lambda row: (row.protocol, bool(row.toc), places[row.method]))
    return replace(table, rows=tuple(ordered), remark=inputs.remark, contrasts=inputs.contrasts)


def sweep_figure(table: Table, axis: str, places: Mapping[str, tuple[str, float]]) -> str:
    """SVG: scores without TOC of the tasks ``DRAWN`` over one value, a line per setting and direction, ± deviation over
    seeds.

    Args:
        axis: the value's name. places: ``{row: (setting, value)}``; values stand at equal distances, in order.
    """
    values = sorted({value for _, value in places.values()})
    settings = sorted({setting for setting, _ in places.values()})
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        if table.notice:
            figure.suptitle(table.notice, fontsize=6)
        for axes, task in zip(figure.subplots(1, len(DRAWN)), DRAWN, strict=True):
            for number, setting in enumerate(settings):
                rows = [
                    row
                    for row in table.rows
                    if row.toc is False and row.method in places and places[row.method][0] == setting
                ]
                points = sorted(
                    ((values.index(places[row.method][1]), row) for row in rows), key=lambda point: point[0]
                )
                for direction in MARKS:
                    _line(axes, points, task, direction, LINES[number % len(LINES)], setting)
            axes.set_xticks(range(len(values)), [f"{value:g}" for value in values])
            axes.set_xlabel(axis)
            axes.set_ylabel("percent")
            axes.set_title(task.upper())
        figure.axes[0].legend(fontsize=7)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _line(axes: Axes, points: Sequence[tuple[int, Row]], task: str, direction: str, colour: str, setting: str) -> None:
    cells = [(x, row.cells[f"{task}_{direction}"]) for x, row in points]
    shown = [(x, cell.mean, cell.sd or 0) for x, cell in cells if cell.mean is not None]
    name = f"{setting.upper()} {arrow(direction)}".strip()
    xs, means, spreads = [x for x, _, _ in shown], [mean for _, mean, _ in shown], [sd for _, _, sd in shown]
    axes.errorbar(
        xs, means, yerr=spreads, fmt=MARKS[direction], color=colour, markersize=4, linewidth=1.2, capsize=2, label=name
    )
