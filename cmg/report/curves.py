"""Training curves: every column of the histories of a method over steps, with what it is."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from matplotlib import rc_context

from cmg.report.figures import LINES, STYLE, Panel, make_axes, make_panel, of_methods
from cmg.report.glossary import gloss
from cmg.report.history import History, thin
from cmg.report.layout import label


def curve_panel(name: str, histories: Sequence[History], colour: str = LINES[0]) -> Panel:
    """One column of the histories of a method over steps: a thin line per seed, a thick one for the mean where seeds
    share their steps."""
    series = [
        (history, *thin(history.steps, history.columns[name])) for history in histories if name in history.columns
    ]
    series = [(history, steps, values) for history, steps, values in series if values]
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 2.0)
        for _, steps, values in series:
            axes.plot(steps, values, color=colour, linewidth=0.9, alpha=0.6)
        grids = {tuple(steps) for _, steps, _ in series}
        if len(series) > 1 and len(grids) == 1:
            mean = [sum(column) / len(column) for column in zip(*(values for _, _, values in series), strict=True)]
            axes.plot(series[0][1], mean, color=colour, linewidth=2.2)
        axes.set_xlabel("step")
        axes.margins(x=0.01)
        ends = "; ".join(f"{history.run} from {values[0]:.3g} to {values[-1]:.3g}" for history, _, values in series)
        method = histories[0].method if histories else ""
        return make_panel(
            figure, f"{label(method)}: {name}", f"{name} over training steps. {ends or 'No finite values'}."
        )


def training_panels(histories: Iterable[History], codebook: bool) -> dict[str, list[Panel]]:
    """``{method: panels}``, one per column: codebook statistics, or loss terms and everything else."""
    found = {}
    for method, group in of_methods(histories).items():
        names = list(dict.fromkeys(name for history in group for name in history.names(codebook)))
        panels = [(name, curve_panel(name, group, LINES[2] if codebook else LINES[0])) for name in names]
        found[method] = [replace(panel, gloss=gloss(name)) for name, panel in panels]
    return {method: panels for method, panels in found.items() if panels}
