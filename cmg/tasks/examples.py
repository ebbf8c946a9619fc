"""Single queries of zero-shot retrieval and what comes back first, for people to look at; scores are in `retrieval.py`.

The queries are the first pairs of the test split in index order that have codes on both sides (of several captions the first), not
chosen by how they turn out. Codes as they are, without TOC. Answers of equal cosine stand in an order drawn once with a fixed seed (in
index order the first queries would find themselves first), and their number is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cmg.datasets.clips import Clip
from cmg.tasks.codes import RunCodes
from cmg.tasks.retrieval import Items, Retrieval, cosine, sentences


@dataclass(frozen=True)
class Shown:
    """A clip as one modality has it: its index row, and for text the sentence."""

    modality: str
    row: int
    sentence: str = ""


@dataclass(frozen=True)
class Answer:
    """``equal``: further answers with exactly this cosine."""

    item: Shown
    right: bool
    cosine: float
    equal: int


@dataclass(frozen=True)
class Example:
    """``first`` and ``last``: the places that the best right answer may take among ``answers_in_all``, equal cosines in any order."""

    query: Shown
    answers: tuple[Answer, ...]
    first: int
    last: int
    answers_in_all: int


def examples(task: Retrieval, codes: RunCodes, clips: Sequence[Clip], queries: int = 2, answers: int = 3) -> dict[str, list[Example]]:
    """``{direction: examples}``, both directions of a task. Raises ValueError where no pair has codes on both sides."""
    sides, _ = task.paired(codes, clips)
    vectors = {name: codes.embed(task.dataset, side.modality, side.rows)[:, 0] for name, side in sides.items()}
    found = {}
    for one, other in (task.sides, task.sides[::-1]):
        asking, asked = sides[one], sides[other]
        chosen = np.sort(np.unique(asking.pair, return_index=True)[1])[:queries]
        similarity = cosine(vectors[one][chosen], vectors[other])
        texts = {side.modality: sentences(clips) if side.modality == "text" else None for side in (asking, asked)}
        found[one + other] = [
            _example(asking, int(place), asked, row, texts, answers) for place, row in zip(chosen, similarity, strict=True)
        ]
    return found


def _example(asking: Items, place: int, asked: Items, similarity: np.ndarray, texts: dict[str, list[str] | None], answers: int) -> Example:
    """similarity [M]: of one query to every item."""
    right = asked.pair == asking.pair[place]
    best, others = similarity[right].max(), similarity[~right]
    order = np.lexsort((np.random.default_rng(0).permutation(len(similarity)), -similarity))[:answers]
    shown = [
        Answer(_shown(asked, i, texts), bool(right[i]), float(similarity[i]), int((similarity == similarity[i]).sum()) - 1)
        for i in map(int, order)
    ]
    first, last = 1 + int((others > best).sum()), 1 + int((others >= best).sum())
    return Example(_shown(asking, place, texts), tuple(shown), first, last, len(similarity))


def _shown(side: Items, place: int, texts: dict[str, list[str] | None]) -> Shown:
    known = texts[side.modality]
    return Shown(side.modality, int(side.pair[place]), known[side.rows[place]] if known else "")
