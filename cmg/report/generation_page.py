"""The page of generated pictures: what the numbers say, both tables, and the first pairs of every method (the papers'
Figures 5 and 11)."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from cmg.report.generation import DIRECTIONS, KINDS, LABELS, Generated, cell, frame, reading, rows_of
from cmg.report.layout import label
from cmg.report.page import render
from cmg.report.pagetables import PageTable, page_table
from cmg.report.visible import visible

SIDE = 96  # pixels of a shown picture
SECTIONS = (
    ("results", "Results"),
    ("pairs", "Does a picture fit its pair?"),
    ("pictures", "Pictures"),
    ("kinds", "Rows"),
)


@dataclass(frozen=True)
class Shown:
    """Pictures of a run's first pairs. real: uint8 [m, S, S, 3]; made: by `<direction>` or `<direction>+toc`; ids,
    captions: of pairs."""

    method: str
    seed: int
    real: np.ndarray
    made: Mapping[str, np.ndarray]
    ids: Sequence[str]
    captions: Sequence[str]


def generation_html(given: Generated, shown: Sequence[Shown]) -> str:
    """The page's text, self-contained, every string from data escaped."""
    table = frame(given)
    view = {
        "title": "Pictures from codes (Table 4)",
        "notice": given.notice,
        "sections": SECTIONS,
        "reading": reading(given),
        "distances": _distances(table, given.distance),
        "pairs": _pairs(table),
        "kinds": list(KINDS.items()),
        "shown": [_figure(each) for each in shown],
    }
    return render("generation.html.j2", view)


def _distances(table: pd.DataFrame, distance: str) -> PageTable:
    rows = [
        [name, kind, *(cell(lines, way, "fd") for way in DIRECTIONS)]
        for name, kind, lines in rows_of(table, list(KINDS))
    ]
    heads = ["Row", "Kind", *(f"#{name}" for name in DIRECTIONS.values())]
    return page_table("distances", f"{distance}, mean and deviation over seeds.", heads, rows)


def _pairs(table: pd.DataFrame) -> PageTable:
    rows = [
        [name, kind, text, *(cell(lines, way, score, 1) for score in LABELS)]
        for name, kind, lines in rows_of(table, ["method", "mean embedding", "own embedding"])
        for way, text in DIRECTIONS.items()
        if way in lines.index
    ]
    heads = ["Row", "Kind", "Direction", *(f"#{text}" for text in LABELS.values())]
    return page_table("fits", "Percent, but for counts of pairs, codes and unseen codes.", heads, rows)


def _figure(shown: Shown) -> dict[str, object]:
    """A row of pictures per direction, the real ones first; every picture has a text."""
    rows = [("Real picture", shown.real), *((_named(key), shown.made[key]) for key in _ordered(shown.made))]
    drawn = [
        (name, [_picture(p, f"{name}, pair {pair}") for p, pair in zip(made, shown.ids, strict=True)])
        for name, made in rows
    ]
    title = f"{label(shown.method)}, seed {shown.seed}"
    return {"title": title, "rows": drawn, "captions": list(shown.captions), "ids": list(shown.ids)}


def _ordered(keys: Iterable[str]) -> list[str]:
    """All without TOC, then all with it."""
    return sorted(keys, key=lambda key: (key.endswith("+toc"), list(DIRECTIONS).index(key[:2])))


def _named(key: str) -> str:
    return f"{key[0].upper()} → I" + ", TOC" * key.endswith("+toc")


def _picture(pixels: np.ndarray, text: str) -> dict[str, str]:
    return {"src": "data:image/png;base64," + base64.b64encode(png(enlarged(pixels))).decode(), "alt": visible(text)}


def enlarged(pixels: np.ndarray) -> np.ndarray:
    """uint8 [S, S, 3] at `SIDE` pixels; a small picture keeps its pixels as they are."""
    small = pixels.shape[0] < SIDE
    return np.asarray(
        Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS)
    )


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=True)
    return out.getvalue()


def figure_png(shown: Shown) -> bytes:
    """The figure as one picture: real pictures above, then I→I, A→I and T→I, without TOC and with it; a pair a
    column."""
    parts = (shown.real, *(shown.made[key] for key in _ordered(shown.made)))
    rows = [np.concatenate([enlarged(picture) for picture in pictures], axis=1) for pictures in parts]
    return png(np.concatenate(rows, axis=0))
