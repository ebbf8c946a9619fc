"""A run's losses beside the log of somebody else's training: ``published_logs/<name>.csv``, numbers alone.

A file has its source in the first line, then a row per step with the terms under the names that our histories have. A
term that it does not know at a step is empty.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmg.report.figures import INK, LINES, STYLE
from cmg.report.history import History
from cmg.report.tablecsv import split_notice

FOLDER = Path(__file__).with_name("published_logs")
WINDOW = 20  # steps whose mean a number of the log is
ALONE = ("agreement",)  # terms that are of one step
RESETS = (301, "codes never used are restarted")  # facts/codaar_dev.md 1.2: 300 idle forwards after the first
ACROSS = 3  # panels beside one another


@dataclass(frozen=True)
class PrintedLog:
    """steps count from 0, as in the log; ``columns[name][i]`` belongs to ``steps[i]``, nan where the log was not
    read."""

    name: str
    source: str
    steps: tuple[int, ...]
    columns: dict[str, tuple[float, ...]]

    def points(self, term: str) -> list[tuple[int, float]]:
        """(step, value) of the steps at which a term is known."""
        return [
            (step, value)
            for step, value in zip(self.steps, self.columns.get(term, ()), strict=False)
            if math.isfinite(value)
        ]


def known_logs() -> list[str]:
    """Names of the logs that can stand beside a run."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


def read_printed(name: str) -> PrintedLog:
    """One of ``known_logs``."""
    source, body = split_notice((FOLDER / f"{name}.csv").read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO(body)))
    terms = [term for term in rows[0] if term not in ("step", "epoch")]
    columns = {term: tuple(float(row[term] or "nan") for row in rows) for term in terms}
    return PrintedLog(name, source, tuple(int(row["step"]) for row in rows), columns)


def at_step(history: History, term: str, step: int) -> float:
    """A term of a run at a step of the log: the mean of as many steps as there; nan where the run has none of them yet.

    history: steps count from 1, as in ``history.csv``.
    """
    first = step if term in ALONE else step - WINDOW + 1
    values = [
        v
        for s, v in zip(history.steps, history.columns[term], strict=True)
        if first < s <= step + 1 and math.isfinite(v)
    ]
    return sum(values) / len(values) if values else math.nan


def compared(history: History, log: PrintedLog) -> list[tuple[str, int, float, float]]:
    """(term, step, theirs, ours) for every number of the log that the run has reached, term by term."""
    terms = [term for term in log.columns if term in history.columns]
    pairs = [(term, step, value, at_step(history, term, step)) for term in terms for step, value in log.points(term)]
    return [pair for pair in pairs if math.isfinite(pair[3])]


def beside_figure(histories: Sequence[History], log: PrintedLog) -> str:
    """SVG: a panel per term that both have; the log as points, every run as a line, the first resets as a dotted
    mark."""
    terms = [term for term in log.columns if log.points(term) and any(term in history.columns for history in histories)]
    with rc_context(STYLE):
        figure = Figure(figsize=(3.4 * ACROSS, 2.2 * math.ceil(len(terms) / ACROSS)), layout="constrained")
        for place, term in enumerate(terms, start=1):
            _panel(figure.add_subplot(math.ceil(len(terms) / ACROSS), ACROSS, place), term, histories, log)
        figure.axes[0].legend(fontsize=7, frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue().replace(INK, "#000000")


def _panel(axes: Axes, term: str, histories: Sequence[History], log: PrintedLog) -> None:
    for number, history in enumerate(histories):
        if term in history.columns:
            steps, colour = [step - 1 for step in history.steps], LINES[number % len(LINES)]
            axes.plot(steps, history.columns[term], label=history.run, color=colour, linewidth=0.9)
    axes.plot(*zip(*log.points(term), strict=True), "o", color=INK, markersize=3.5, label=log.name)
    axes.axvline(RESETS[0], color=INK, linestyle=":", linewidth=0.8)
    axes.set_title(term)
    axes.set_xlabel("step")
