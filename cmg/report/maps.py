"""Maps of a codebook: which modality uses which code, how alike codes are before and after TOC, and where several
codebooks stand."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from matplotlib import colormaps, rc_context

from cmg.registry import DATASET_TEXTS
from cmg.report.codebooks import CodebookMaps
from cmg.report.figures import INK, LINES, STYLE, Panel, make_axes, make_panel

# kind of code: (what the reader is told, colour, marker); the paper's colours, and shapes for those who do not see them
MARKS = {
    "single": ("one modality alone (over 95 % of its use)", "#c8352b", "x"),
    "mixed": ("in between", "#2f7ed8", "s"),
    "shared": ("all modalities (at least 5 % each)", "#2e9e5b", "o"),
    "unused": ("unused", "#b5b5b5", "."),
}
PAPERS = "valor32k"  # what the paper's Figures 6 and 7 count
STEPS = 12  # colours of the cosine map: few, so that the picture stays small
MOST = 200  # codes that the cosine map and the projection draw, evenly spaced in the codebook


def map_panels(maps: CodebookMaps) -> list[Panel]:
    """Maps of a codebook as a whole; those of its rows: `cmg.report.rows`."""
    found = [activation_panel(maps), cosine_panel(maps, maps.before, "all dimensions")]
    found += [] if maps.after is None else [cosine_panel(maps, maps.after, f"the {maps.q} dimensions that TOC keeps")]
    return found + ([projection_panel(maps)] if maps.books and maps.places is not None else [])


def counted_on(every: Iterable[CodebookMaps]) -> list[str]:
    """One sentence per dataset and set of modalities that use was counted on, and how it compares with the paper's
    figures."""
    found = dict.fromkeys(
        (maps.dataset, ", ".join(maps.modalities), maps.sentences if "text" in maps.modalities else 0) for maps in every
    )
    return [
        f"Counted on {DATASET_TEXTS.get(dataset, (dataset,))[0]} ({by}){_beside_paper(dataset, few)}"
        for dataset, by, few in found
    ]


def _beside_paper(dataset: str, sentences: int) -> str:
    if dataset == PAPERS:
        return ", as the paper's Figures 6 and 7."
    limit = (
        f" Its text is {sentences} class sentences, so at most {sentences} codes can be text codes:"
        if sentences
        else ""
    )
    figures = "the paper's Figures 6 and 7 count VALOR-32K, which has no codes here"
    return f"; {figures}.{limit or ' So'} the shares are not comparable with the paper's."


def activation_panel(maps: CodebookMaps) -> Panel:
    """A mark per code in the order of the codebook, row by row in a square."""
    side = math.ceil(math.sqrt(len(maps.kinds)))
    counted = {kind: int((maps.kinds == kind).sum()) for kind in MARKS}
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 3.4)
        for kind, (_, colour, marker) in MARKS.items():
            codes = np.flatnonzero(maps.kinds == kind)
            axes.plot(codes % side, codes // side, marker, color=colour, markersize=4, markeredgewidth=1)
        axes.invert_yaxis()
        axes.set_axis_off()
        words = "; ".join(f"{text}: {counted[kind]}" for kind, (text, _, _) in MARKS.items())
        by = ", ".join(maps.modalities)
        description = f"{len(maps.kinds)} codes of {maps.named}; use by {by} on {maps.dataset}. {words}."
        return replace(make_panel(figure, f"{maps.title}: codes by modality", description), gloss=f"{words}.")


def cosine_panel(maps: CodebookMaps, cosines: np.ndarray, what: str) -> Panel:
    """The matrix as a picture, from -1 (dark) to 1 (bright)."""
    mean = (cosines.sum() - np.trace(cosines)) / max(cosines.size - len(cosines), 1)
    drawn = spaced(len(cosines))
    with rc_context({**STYLE, "image.interpolation": "none"}):
        figure, axes = make_axes(3.4, 3.0)
        shown = axes.imshow(cosines[np.ix_(drawn, drawn)], cmap=colormaps["cividis"].resampled(STEPS), vmin=-1, vmax=1)
        figure.colorbar(shown, ax=axes, shrink=0.8)
        axes.set_xlabel("code")
        axes.set_ylabel("code")
        axes.set_xticks([])
        axes.set_yticks([])
        description = (
            f"Cosine between the {len(cosines)} codes of {maps.named} on {what}{_of_all(drawn, len(cosines))}. "
            f"Mean over different codes: {mean:.3f}."
        )
        return make_panel(figure, f"{maps.title}: cosine of codes, {what}; mean {mean:.3f}", description)


def projection_panel(maps: CodebookMaps) -> Panel:
    """A mark per code and codebook on the two principal axes of all; a thin line joins the codes of a row, which mean
    the same."""
    drawn = spaced(maps.placed.shape[1])
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 3.0)
        rows = maps.placed[:, drawn]  # [M,K,2]
        # [M+2,K,2]: back to the first, then a gap
        rings = np.concatenate([rows, rows[:1], np.full_like(rows[:1], np.nan)])
        axes.plot(*rings.transpose(2, 1, 0).reshape(2, -1), color=INK, linewidth=0.4, alpha=0.5)
        for name, places, colour, marker in zip(maps.books, rows, LINES, "osD^", strict=False):
            axes.plot(*places.T, marker, color=colour, markersize=3, alpha=0.7, label=name, markeredgewidth=0)
        axes.legend(frameon=False)
        names = ", ".join(maps.books)
        spread = float(
            np.linalg.norm(maps.placed - maps.placed.mean(axis=0), axis=2).mean() / max(maps.placed.std(), 1e-12)
        )
        few = _of_all(drawn, maps.placed.shape[1])
        description = (
            f"Codebooks of {maps.named} ({names}), rows of unit length, on their two common principal axes{few}. "
            "A line joins the codes of a row. "
            f"Mean distance of a row's codes from their middle: {spread:.2f} standard deviations."
        )
        return make_panel(figure, f"{maps.title}: codebooks of the modalities", description)


def spaced(codes: int) -> np.ndarray:
    """At most ``MOST`` codes, evenly spaced."""
    return np.unique(np.linspace(0, codes - 1, min(codes, MOST)).round().astype(int))


def _of_all(drawn: np.ndarray, codes: int) -> str:
    return "" if len(drawn) == codes else f"; {len(drawn)} of {codes} drawn, evenly spaced"
