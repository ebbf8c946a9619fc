"""Single retrieval queries with what came back: pictures, sounds as their loudness over time, sentences; right and
wrong said in words.

All pictures and sounds together take at most ``BUDGET`` characters of the page; what does not fit is shown by id and
words, and counted.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cmg.report.layout import PAIRS, label
from cmg.report.tablecsv import number
from cmg.report.visible import visible
from cmg.results import Example, Item

BUDGET = 1_500_000
NAMES = {"v": "Picture", "a": "Sound", "t": "Sentence"}
HEIGHT = 28  # of a sound's drawing, in units of one bin's width


@dataclass(frozen=True)
class Picture:
    """A small JPEG, and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Sound:
    """Peaks in 0..1 of equal parts of a sound that lasts ``seconds``."""

    peaks: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Exhibit:
    """What stands for one clip. words: its sentence or labels; reason: why neither picture nor sound is shown (empty
    for a sentence)."""

    clip_id: str
    words: str = ""
    media: Picture | Sound | None = None
    reason: str = ""


@dataclass(frozen=True)
class Drawn:
    """An exhibit as the template needs it: ``src`` of a picture or ``path`` of a sound, and the words of a reader
    without it."""

    clip_id: str
    words: str
    note: str
    alt: str = ""
    src: str = ""
    width: int = 0
    height: int = 0
    path: str = ""


class Drawer:
    """Draws exhibits until the budget is spent; ``left_out`` counts the pictures and sounds that found no room."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget, self.left_out = budget, 0

    def draw(self, exhibit: Exhibit) -> Drawn:
        """The exhibit with its picture or sound, without it where the budget is spent."""
        clip_id, words = visible(exhibit.clip_id), visible(exhibit.words)
        form = _form(exhibit)
        size = sum(len(str(value)) for value in form.values())
        if not form or size > self.budget:
            self.left_out += bool(form)
            return Drawn(clip_id, words, note="no room left on the page" if form else visible(exhibit.reason))
        self.budget -= size
        return Drawn(clip_id, words, note="", **form)


def _form(exhibit: Exhibit) -> dict[str, Any]:
    named = visible(exhibit.clip_id) + (f": {visible(exhibit.words)}" if exhibit.words else "")
    if isinstance(exhibit.media, Picture):
        encoded = base64.b64encode(exhibit.media.jpeg).decode("ascii")
        size = {"width": exhibit.media.width, "height": exhibit.media.height}
        return {"alt": f"Picture {named}", "src": f"data:image/jpeg;base64,{encoded}", **size}
    if isinstance(exhibit.media, Sound):
        peaks, seconds = exhibit.media.peaks, exhibit.media.seconds
        loudest = seconds * (max(range(len(peaks)), key=peaks.__getitem__) + 0.5) / len(peaks)
        alt = f"Loudness over {seconds:.1f} s of sound {named}; loudest at {loudest:.1f} s"
        return {"alt": alt, "path": envelope(peaks), "width": len(peaks), "height": HEIGHT}
    return {}


def envelope(peaks: Sequence[float]) -> str:
    """SVG path: a bar up and down per part, as high as its share of the loudest."""
    top = max(peaks, default=0.0) or 1.0
    heights = [max(0.5, HEIGHT / 2 * peak / top) for peak in peaks]
    return "".join(f"M{place}.5 {HEIGHT / 2 - h:.1f}V{HEIGHT / 2 + h:.1f}" for place, h in enumerate(heights))


def sections(
    examples: Mapping[str, Sequence[Example]], exhibits: Mapping[Item, Exhibit], drawer: Drawer
) -> dict[str, list[dict[str, object]]]:
    """``{heading: queries}`` in the order of the tables, as the template needs them: each query with the answers of
    every run.

    examples: by run name.
    """
    asked: dict[tuple[str, str, Item], list[tuple[str, Example]]] = {}
    for run, example in ((run, example) for run, found in examples.items() for example in found):
        asked.setdefault((example.query.dataset, example.direction, example.query), []).append((run, example))
    titles = {(task, way): _title(name, way) for task, name, ways in PAIRS for way in ways}
    shown: dict[str, list[dict[str, object]]] = {}
    for dataset, way, query in sorted(asked, key=lambda key: list(titles).index(key[:2])):
        queries = shown.setdefault(titles[dataset, way], [])
        drawn = drawer.draw(exhibits[query])
        rows = [_row(run, example, exhibits, drawer) for run, example in asked[dataset, way, query]]
        queries.append(
            {"name": f"query-{dataset}-{way}-{len(queries) + 1}", "asked": drawn, "kind": NAMES[way[0]], "rows": rows}
        )
    return shown


def _title(name: str, way: str) -> str:
    asks, answers = (NAMES[side].lower() for side in way)
    return f"{name.partition('(')[0]}: a {asks} asks, {answers}s answer"


def _row(run: str, example: Example, exhibits: Mapping[Item, Exhibit], drawer: Drawer) -> dict[str, object]:
    hits = [
        {
            "drawn": drawer.draw(exhibits[answer.item]),
            "mark": "✓ right" if answer.right else "✗ wrong",
            "cosine": number(answer.cosine),
            "equal": answer.equal,
        }
        for answer in example.answers
    ]
    place = f"{example.first}" if example.first == example.last else f"{example.first} to {example.last}"
    return {"method": label(run.rpartition("-")[0]), "hits": hits, "place": f"{place} of {example.answers_in_all}"}
