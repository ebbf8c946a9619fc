"""Codebook health over epochs (``codebook.csv``): usage, perplexity and dead codes of each modality, codes shared by 1,
2, 3 of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.ticker import MaxNLocator

from cmg.report.figures import LINES, STYLE, Panel, ascii_label, make_axes, make_panel, of_methods
from cmg.report.history import History, thin
from cmg.report.layout import label

QUANTITIES = {
    "usage": "share of codes in use",
    "perplexity": "perplexity",
    "dead": "codes never chosen",
    "shared": "share of codes by how many modalities chose them",
}
DASHES = ("-", "--", ":", "-.", (0, (1, 3)))  # beside colours, for those who do not see them


def health_panels(histories: Iterable[History]) -> dict[str, list[Panel]]:
    """``{method: panels}``, one per quantity that its files hold."""
    found = {}
    for method, group in of_methods(histories).items():
        held = {name.partition("/")[0] for history in group for name in history.columns}
        found[method] = [health_panel(quantity, group) for quantity in QUANTITIES if quantity in held]
    return {method: panels for method, panels in found.items() if panels}


def health_panel(quantity: str, histories: Sequence[History]) -> Panel:
    """A line per modality (or number of modalities): the mean over seeds; thin lines are single seeds."""
    names = dict.fromkeys(name for history in histories for name in history.columns if name.startswith(f"{quantity}/"))
    words = []
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 2.4)
        for place, name in enumerate(names):
            style: dict[str, Any] = {"color": LINES[place % len(LINES)], "linestyle": DASHES[place % len(DASHES)]}
            series = [thin(history.steps, history.columns[name]) for history in histories if name in history.columns]
            series = [(epochs, values) for epochs, values in series if values]
            for epochs, values in series if len(series) > 1 else ():
                axes.plot(epochs, values, linewidth=0.7, alpha=0.45, **style)
            epochs, values = _mean(series)
            shown = name.partition("/")[2]
            axes.plot(
                epochs, values, linewidth=2, marker="o" if len(epochs) == 1 else None, label=ascii_label(shown), **style
            )
            words += [f"{shown} from {values[0]:.3g} to {values[-1]:.3g}"] if values else []
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=7)
        title = f"{label(histories[0].method)}: {QUANTITIES[quantity]}"
        return make_panel(
            figure, title, f"Over epochs, mean over {len(histories)} seeds. {'; '.join(words) or 'No finite values'}."
        )


def _mean(series: Sequence[tuple[list[float], list[float]]]) -> tuple[list[float], list[float]]:
    """Mean of the series that share the first one's epochs."""
    if not series:
        return [], []
    epochs = series[0][0]
    same = [values for other, values in series if other == epochs]
    return epochs, [sum(column) / len(column) for column in zip(*same, strict=True)]
