"""Small figures as inline SVG: no dates, no addresses, ids unique in the page, the same bytes for the same numbers.

Text and axes take the page's text colour, so that the figures read in light and dark; every figure has a title and a
description.
"""

import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmg.report.history import History
from cmg.report.layout import CHANCE, COLUMN_LABELS, label
from cmg.report.tables import Summary, Table

INK = "#010203"  # stands for the page's text colour until the SVG is written
LINES = ("#2f7ed8", "#d9730d", "#2e9e5b", "#b0479c", "#8a7a12")
STYLE: dict[Any, Any] = {  # keys as matplotlib spells them, a type of their own in its stubs
    "svg.hashsalt": "cmg",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9,
    "font.family": ["DejaVu Sans"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": False,
}


@dataclass(frozen=True)
class Panel:
    """One figure: its SVG text, the words that a reader without it gets, and what it shows, for those who do not know
    the title."""

    title: str
    description: str
    svg: str
    gloss: str = ""


def ascii_label(text: str) -> str:
    """Text that any font can draw: other characters become escapes, long names are cut."""
    return text.encode("ascii", "backslashreplace").decode("ascii").replace("\n", " ")[:40]


def cell_panel(table: Table, column: str) -> Panel:
    """One score column: a dot per seed and a bar mark at the mean for every row of the table; chance is the dashed
    line."""
    rows = [row for row in table.rows if row.kind != CHANCE and row.cells.get(column, Summary()).mean is not None]
    chance = [mean for row in table.rows if row.kind == CHANCE and (mean := row.cells[column].mean) is not None]
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 0.75 + 0.21 * max(len(rows), 1))
        for place, row in enumerate(rows):
            _dots(
                axes,
                place,
                row.cells[column],
                "#8a8a8a" if row.kind == "bound" else LINES[0] if row.kind == "method" else LINES[1],
            )
        for value in chance:
            axes.axvline(value, color=INK, linestyle="--", linewidth=1)
        axes.set_yticks(
            range(len(rows)),
            [ascii_label(label(row.method, row.toc, row.kind).replace(" (same modality)", " bound")) for row in rows],
        )
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        words = [f"{label(row.method, row.toc, row.kind)} {row.cells[column].mean:.1f}" for row in rows]
        described = "; ".join([*(f"Chance {value:.1f}" for value in chance), *words])
        return make_panel(figure, COLUMN_LABELS[column], f"Percent. {described or 'Not run'}.")


def _dots(axes: Axes, place: int, cell: Summary, colour: str) -> None:
    values = [value for value in cell.values if value is not None]
    axes.plot(values, [place] * len(values), "o", color=colour, markersize=4, alpha=0.55, markeredgewidth=0)
    axes.plot([cell.shown], [place], "|", color=colour, markersize=11, markeredgewidth=2.2)


def make_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of this size in inches with one pair of axes; call within ``rc_context(STYLE)``."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def make_panel(figure: Figure, title: str, description: str) -> Panel:
    """The figure as inline SVG with its words; transparent, so that it reads on any page."""
    out = io.StringIO()
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return Panel(title, description, inline_svg(out.getvalue(), title, description))


def inline_svg(svg: str, title: str, description: str) -> str:
    """Matplotlib's file as an inline element: no prolog, metadata or namespaces; ids prefixed; labelled for screen
    readers."""
    body = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    body = re.sub(r'\s+xmlns(?::xlink)?="[^"]*"', "", body[body.index("<svg") :])
    body = body.replace("xlink:href", "href").replace(INK, "currentColor").replace("'DejaVu Sans'", "sans-serif")
    body = _small(body)
    key = "f" + hashlib.sha256(f"{title}\0{description}\0{body}".encode()).hexdigest()[:10]
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = body.replace("url(#", f"url(#{key}-").replace('href="#', f'href="#{key}-')
    named = f'<svg class="figure" role="img" aria-labelledby="{key}-title {key}-desc"'
    words = f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(description)}</desc>'
    opening, _, rest = re.sub(r'\s(?:width|height|version)="[^"]*"', "", body[: body.index(">") + 1]).partition("<svg")
    return opening + named + rest + words + body[body.index(">") + 1 :].strip()


def _small(svg: str) -> str:
    """The same picture in fewer bytes: hundredths of a point, no space between elements, the style of equal marks said
    once."""
    svg = re.sub(r"<[^>]*>", _rounded, re.sub(r">\s+<", "><", svg))
    return re.sub(r"<g([^>]*)>((?:<use [^>]*/>)+)</g>", _styled_once, svg)


def _rounded(tag: re.Match[str]) -> str:
    if "base64," in tag[0]:
        return tag[0]
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), tag[0])


def _styled_once(group: re.Match[str]) -> str:
    styles = set(re.findall(r' style="[^"]*"', group[2]))
    if len(styles) != 1 or "style=" in group[1] or group[2].count("style=") != group[2].count("<use "):
        return group[0]
    (style,) = styles
    return f"<g{group[1]}{style}>{group[2].replace(style, '')}</g>"


def of_methods(histories: Iterable[History]) -> dict[str, list[History]]:
    """``{method: its histories}``, a history per seed."""
    found: dict[str, list[History]] = {}
    for history in histories:
        found.setdefault(history.method, []).append(history)
    return found
