"""What a segmentation head is asked: codes of one modality, the class itself, or nothing; and queries that are wrong.

n clips, T seconds, D code dimensions.
"""

from collections.abc import Callable, Sequence

import numpy as np

from cmg.datasets.clips import Clip
from cmg.segmentation.errors import SegmentationError
from cmg.segmentation.scenes import DATASET, SECONDS, Scenes
from cmg.tasks.codes import RunCodes
from cmg.tasks.retrieval import sentences

REFERENCES = ("no_query", "class_query")  # heads without a method: never asked anything; told the class itself
MODALITIES = {"a": "audio", "t": "text"}
KINDS = ("right", "missing", "wrong")

Query = Callable[[Sequence[Clip]], np.ndarray]
"""Query of each clip, float32 [n,T,D]."""


class CodeQueries:
    """Codes of one modality as queries: a sound's code of each second, a sentence's one code for all of them.

    `draw`: which encoding with dropout; None: the codes as they are.
    """

    def __init__(self, codes: RunCodes, clips: Sequence[Clip], modality: str, draw: int | None = None) -> None:
        self.codes, self.modality, self.draw = codes, modality, draw
        self.place = {text: row for row, text in enumerate(sentences(clips))} if modality == "text" else {}

    def row(self, clip: Clip) -> int:
        """The clip's row in the codes."""
        return self.place[clip.captions[0]] if self.modality == "text" else clip.row

    def usable(self, clip: Clip) -> bool:
        """Whether the clip has a query."""
        return bool(self.codes.get(DATASET, self.modality).valid[self.row(clip)] > 0)

    def __call__(self, clips: Sequence[Clip]) -> np.ndarray:
        where = (DATASET, self.modality, np.array([self.row(clip) for clip in clips]))
        vectors = self.codes.embed(*where) if self.draw is None else self.codes.embed_draw(*where, self.draw)
        return np.repeat(vectors, SECONDS, axis=1) if vectors.shape[1] == 1 else vectors[:, :SECONDS]


def code_queries(codes: RunCodes, clips: Sequence[Clip]) -> dict[str, CodeQueries]:
    """By letter (a, t), of the modalities that the run has."""
    return {m: CodeQueries(codes, clips, name) for m, name in MODALITIES.items() if (DATASET, name) in codes.entries}


def reference_query(name: str, clips: Sequence[Clip]) -> Query:
    """The queries of one of `REFERENCES`: a zero, or a one for the class among zeros."""
    if name == "no_query":
        return lambda asked: np.zeros((len(asked), SECONDS, 1), np.float32)
    classes = sorted({event.label for clip in clips for event in clip.events})
    book = np.eye(len(classes), dtype=np.float32)
    return lambda asked: np.repeat(book[[classes.index(clip.events[0].label) for clip in asked], None], SECONDS, axis=1)


def scaled(query: Query, scale: float) -> Query:
    """The queries times a number."""
    return lambda clips: query(clips) * np.float32(scale)


def unit_rms(query: Query, clips: Sequence[Clip]) -> float:
    """What queries are multiplied by so that those of these clips have a mean square of one; 1 where all are zero."""
    return 1.0 / (float(np.sqrt(np.square(query(clips), dtype=np.float64).mean())) or 1.0)


def by_kind(query: Query, scenes: Scenes) -> dict[str, np.ndarray]:
    """The right query of each clip, none (zeros), and that of another class, [n,T,D] each."""
    right = query(scenes.clips)
    return {"right": right, "missing": np.zeros_like(right), "wrong": query(partners(scenes))}


def partners(scenes: Scenes) -> list[Clip]:
    """For each clip one of the same split in which the next class sounds, by name and from the last to the first; the
    clips of a class in turn. A query taken from it is wrong.

    Raises SegmentationError where there is one class alone.
    """
    by_class: dict[str, list[Clip]] = {}
    for clip, label in zip(scenes.clips, scenes.labels, strict=True):
        by_class.setdefault(label, []).append(clip)
    names = sorted(by_class)
    if len(names) < 2:
        raise SegmentationError(
            f"a wrong query needs a second class; the {len(scenes)} clips have {', '.join(names) or 'none'}"
        )
    turn, found = dict.fromkeys(names, 0), []
    for label in scenes.labels:
        others = by_class[names[(names.index(label) + 1) % len(names)]]
        found.append(others[turn[label] % len(others)])
        turn[label] += 1
    return found
