"""Rows of a codebook by who chooses them: balance of sound and picture, cumulative use, and where the rows of each kind
stand.

One threshold says what is balanced, for every method (CoDAAR's published comparison used 0.4 for itself and 0.001 for
the other), and a row that nothing chooses is `unused`, not balanced. K codes, M modalities.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib import rc_context

from cmg.report.codebooks import CodebookMaps
from cmg.report.figures import INK, LINES, STYLE, Panel, make_axes, make_panel
from cmg.report.maps import spaced

MARKERS = "osD^"
DASHES = ("-", "--", ":")
SHARES = (0.8, 0.9)
UNUSED = "unused"
BALANCED = 0.4  # balance up to which a row counts as used alike by sound and picture


def row_panels(maps: CodebookMaps) -> list[Panel]:
    """What can be drawn of the modalities whose use was counted."""
    if maps.use is None:
        return []
    pair = {"audio", "video"} <= set(maps.modalities)
    return (
        ([balance_panel(maps)] if pair else [])
        + [cumulative_panel(maps)]
        + ([] if maps.places is None else [chosen_panel(maps)])
    )


def balance_panel(maps: CodebookMaps) -> Panel:
    """Balance of each used row, from video alone (-1) to audio alone (1), in ascending order, and how many fall on
    which side."""
    audio, video = (maps.counted[maps.modalities.index(name)] for name in ("audio", "video"))
    values = balance(audio, video)
    used = np.sort(values[~np.isnan(values)])
    sides = {"more video": used < -BALANCED, "balanced": np.abs(used) <= BALANCED, "more audio": used > BALANCED}
    words = "; ".join(
        [*(f"{name}: {int(held.sum())}" for name, held in sides.items()), f"{UNUSED}: {int(np.isnan(values).sum())}"]
    )
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 2.4)
        for (_, held), colour in zip(sides.items(), LINES, strict=False):
            axes.plot(np.flatnonzero(held), used[held], ".", color=colour, markersize=3)
        for edge in (-BALANCED, BALANCED):
            axes.axhline(edge, color=INK, linestyle=":", linewidth=0.8)
        axes.set_ylim(-1.05, 1.05)
        axes.set_xlabel("row, by balance")
        axes.set_ylabel("balance")
        description = (
            f"(audio - video) / (audio + video) of the use of each of {len(values)} rows of {maps.named}; {words}."
        )
        gloss = (
            "1: chosen by audio alone, -1: by video alone; "
            f"within {BALANCED} of zero a row counts as balanced. {words}."
        )
        return replace(make_panel(figure, f"{maps.title}: balance of audio and video", description), gloss=gloss)


def cumulative_panel(maps: CodebookMaps) -> Panel:
    """Share of a modality's use that its most used rows make up, a line per modality."""
    words = []
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 2.4)
        for place, (name, use) in enumerate(zip(maps.modalities, maps.counted, strict=True)):
            total = np.cumsum(np.sort(use)[::-1])
            axes.plot(
                np.arange(1, len(total) + 1),
                total,
                color=LINES[place],
                linestyle=DASHES[place % len(DASHES)],
                label=name,
            )
            needed = ", ".join(f"{int(np.searchsorted(total, share - 1e-9)) + 1} for {share:.0%}" for share in SHARES)
            words.append(f"{name}: {needed}, {int((use > 0).sum())} in use")
        for share in SHARES:
            axes.axhline(share, color=INK, linestyle=":", linewidth=0.8)
        axes.set_xlabel("most used rows")
        axes.set_ylabel("share of use")
        axes.legend(frameon=False)
        text = f"Rows needed, of {maps.counted.shape[1]}: {'; '.join(words)}."
        title = f"{maps.title}: cumulative use"
        return replace(make_panel(figure, title, f"Cumulative use of the rows of {maps.named}. {text}"), gloss=text)


def chosen_panel(maps: CodebookMaps) -> Panel:
    """A mark per drawn row and codebook on axes that were fitted once for all codebooks, coloured by the modalities
    that choose the row."""
    sets = np.array(["+".join(names) or UNUSED for names in choosers(maps.counted, maps.modalities)])
    drawn = spaced(maps.placed.shape[1])
    names = sorted(set(sets), key=lambda name: (name == UNUSED, name.count("+"), name))
    with rc_context(STYLE):
        figure, axes = make_axes(3.4, 3.0)
        for number, name in enumerate(names):
            colour = "#b5b5b5" if name == UNUSED else (*LINES, "#c8352b", "#1f9aa8")[number]
            for places, marker in zip(maps.placed, MARKERS, strict=False):
                held = drawn[sets[drawn] == name]
                label = name if marker == MARKERS[0] else None
                axes.plot(
                    *places[held].T, marker, color=colour, markersize=3, alpha=0.7, markeredgewidth=0, label=label
                )
        axes.legend(frameon=False, fontsize=7)
        counted = "; ".join(f"{name}: {int((sets == name).sum())}" for name in names)
        shapes = f"; shapes: {', '.join(maps.books)}" if maps.books else ""
        description = (
            f"Rows of {maps.named} on their principal axes, fitted once for all modalities{shapes}. "
            f"Chosen by {counted}."
        )
        return replace(
            make_panel(figure, f"{maps.title}: rows by the modalities that choose them", description),
            gloss=f"{counted}.",
        )


def balance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(one - other) / (one + other) of two modalities' use [K], from -1 (the other alone) to 1; nan where neither chose
    the code."""
    total = one + other
    return np.divide(one - other, total, out=np.full(total.shape, np.nan), where=total > 0)


def choosers(used: np.ndarray, modalities: Sequence[str]) -> list[tuple[str, ...]]:
    """The modalities that ever chose each code, of their use [M, K]; none for an unused one."""
    return [tuple(name for name, share in zip(modalities, column, strict=True) if share > 0) for column in used.T]
