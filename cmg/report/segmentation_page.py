"""The page of the segmentation: its table, and test frames with what each head found."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from cmg.report.page import render
from cmg.report.pagetables import Field, PageTable, page_table, score_field
from cmg.report.segmentation import MEASURES, READING, SOURCE, TITLE, SegmentationRow
from cmg.report.visible import visible

SECTIONS = (
    ("meaning", "How to read the numbers"),
    ("results", "Results"),
    ("pictures", "Frames and masks"),
    ("sources", "Sources and fingerprints"),
)


@dataclass(frozen=True)
class Image:
    """A PNG, what it shows in words, and a few words below it."""

    png: bytes
    alt: str
    below: str = ""

    @property
    def src(self) -> str:
        """The picture inside the page."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"


@dataclass(frozen=True)
class Shown:
    """What one run's heads found: an image per column, a row per clip (id, what sounds)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Image, ...]], ...]


def segmentation_page(rows: Sequence[SegmentationRow], pictures: Sequence[Shown], notice: str) -> str:
    """The page's text, self-contained; the same arguments give the same bytes."""
    view = {"title": TITLE, "notice": notice, "sections": SECTIONS, "reading": READING, "pictures": pictures}
    return render("segmentation.html.j2", {**view, "scores": _scores(rows), "fingerprints": _fingerprints(rows)})


def _scores(rows: Sequence[SegmentationRow]) -> PageTable:
    measures = [f"#{text}" for text, _ in MEASURES.values()]
    heads = ("Query", "Direction", "Protocol", "#Seeds", *measures, "#Published mIoU", "#Published F")
    lines = []
    for row in rows:
        first = Field(visible(row.name), lines=(("kind", row.kind + f", variant: {row.variant}" * bool(row.variant)),))
        scores = [score_field(row.cell(column), 1) for column in MEASURES]
        lines.append([first, row.arrow, row.protocol, str(len(row.seeds) or ""), *scores, *row.printed])
    return page_table(
        "scores", f"Percent: mean over seeds, ± sample standard deviation. Published: {SOURCE}.", heads, lines
    )


def _fingerprints(rows: Sequence[SegmentationRow]) -> PageTable:
    lines = [[row.name, row.arrow, row.fingerprint] for row in rows if row.fingerprint]
    return page_table("fingerprints", "What went into each row.", ("Query", "Direction", "Fingerprint"), lines)
