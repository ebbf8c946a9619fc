"""Figure 10 of the FCID + TOC paper (Figure 4 is a part of it): pictures rebuilt from part of the dimensions of their
codes."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmg.report.figures import STYLE
from cmg.report.rebuilt import Rebuilt

GAP = 3  # pixels between columns
LARGEST = 64  # pixels a side that are drawn


def figure_svg(pictures: Mapping[str, np.ndarray], masked: Sequence[float], notice: str = "") -> str:
    """SVG: a block per reading of the codes, a line per picture: the origin, then per share the random mask's and
    TOC's.

    pictures: reading -> uint8 [n, 1 + 2 * shares, S, S, 3] in this order; masked: percent of each share.
    """
    with rc_context(STYLE):
        blocks = {reading: _sheet(shown) for reading, shown in pictures.items()}
        heights = [sheet.shape[0] / sheet.shape[1] for sheet, _ in blocks.values()]
        figure = Figure(figsize=(7.2, 0.5 + sum(7.2 * height + 0.3 for height in heights)), layout="constrained")
        if notice:
            figure.suptitle(notice, fontsize=6)
        axes = figure.subplots(max(1, len(blocks)), 1, squeeze=False, height_ratios=heights or [1])[:, 0]
        for one, (reading, (sheet, places)) in zip(axes, blocks.items(), strict=False):
            _draw(one, sheet, places, ["origin", *(f"{share:g} %" for share in masked)], f"{reading} codes")
        if not blocks:
            axes[0].set_axis_off()
            axes[0].set_title("not run")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def words(results: Sequence[Rebuilt]) -> str:
    """What the figure shows, for those who do not see it."""
    if not results:
        return "Not run."
    shares = ", ".join(f"{share:g}" for share in shares_of(results))
    readings = "; below them the same from ".join(f"{reading} codes" for reading in results[0].readings)
    return (
        f"{results[0].about['shown']} held-out pictures of {results[0].dataset} in lines: "
        f"each as it is, then rebuilt with {shares} percent of the code dimensions masked, "
        f"on the left by a random mask, on the right by TOC. From {readings}."
    )


def shares_of(results: Sequence[Rebuilt]) -> list[float]:
    """Percent masked, in the order of the columns; none without results."""
    return [100 * share["share"] for share in next(iter(results[0].readings.values()))] if results else []


def _draw(axes: Axes, sheet: np.ndarray, places: Sequence[float], names: Sequence[str], title: str) -> None:
    axes.imshow(sheet, interpolation="none")
    axes.set_title(title)
    axes.xaxis.tick_top()
    axes.set_xticks(places, names)
    axes.set_yticks([])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _sheet(pictures: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """All pictures side by side, uint8 [H,W,4] with clear gaps, and the middle of each column: the origin alone, then
    pairs."""
    small = _reduced(pictures)
    number, columns, side = small.shape[:3]
    starts = [0] + [
        side + GAP + pair * (2 * side + GAP) + place * side for pair in range(columns // 2) for place in (0, 1)
    ]
    sheet = np.zeros((number * side, starts[-1] + side, 4), np.uint8)
    for row in range(number):
        for column, start in enumerate(starts):
            sheet[row * side : (row + 1) * side, start : start + side, :3] = small[row, column]
            sheet[row * side : (row + 1) * side, start : start + side, 3] = 255
    return sheet, [side / 2 - 0.5, *(float(start) - 0.5 for start in starts[2::2])]


def _reduced(pictures: np.ndarray) -> np.ndarray:
    """Means of whole blocks of pixels, so that a side is at most `LARGEST`; small pictures as they are."""
    number, columns, side = pictures.shape[:3]
    step = -(-side // LARGEST)
    cut = side // step
    blocks = pictures[:, :, : cut * step, : cut * step].reshape(number, columns, cut, step, cut, step, 3)
    return blocks.mean(axis=(3, 5)).round().astype(np.uint8)
