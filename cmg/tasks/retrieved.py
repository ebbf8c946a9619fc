"""Single queries of zero-shot retrieval and what comes back first, for people to look at; scores are in `retrieval.py`.

The queries are the first pairs of the test split in index order that have codes on both sides (of several captions the
first), not chosen by how they turn out. Codes as they are, without TOC. Answers of equal cosine stand in an order drawn
once with a fixed seed (in index order the first queries would find themselves first), and their number is told.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations

import numpy as np

from cmg.datasets.clips import Clip
from cmg.results import Answer, Example, Item
from cmg.tasks.codes import RunCodes
from cmg.tasks.retrieval import TASKS, Items, Retrieval, cosine, sentences

Name = Callable[[Items, int], Item]


def all_examples(codes: RunCodes, indices: Mapping[str, Sequence[Clip]]) -> list[Example]:
    """Examples of every retrieval dataset that has an index, and codes of both its modalities."""
    held = [
        task
        for name, task in TASKS.items()
        if name in indices and all((name, m) in codes.entries for m in task.modalities)
    ]
    return [example for task in held for example in examples(task, codes, indices[task.dataset])]


def examples(
    task: Retrieval, codes: RunCodes, clips: Sequence[Clip], queries: int = 2, answers: int = 3
) -> list[Example]:
    """One direction of a task, then the other. Raises ValueError where no pair has codes on both sides."""
    sides, _ = task.paired(codes, clips)
    vectors = {name: codes.embed(task.dataset, side.modality, side.rows)[:, 0] for name, side in sides.items()}
    texts, found = sentences(clips), []

    def name(side: Items, place: int) -> Item:
        sentence = texts[side.rows[place]] if side.modality == "text" else ""
        return Item(task.dataset, side.modality, int(side.pair[place]), sentence)

    for one, other in permutations(task.sides, 2):
        chosen = np.sort(np.unique(sides[one].pair, return_index=True)[1])[:queries]
        for place, row in zip(map(int, chosen), cosine(vectors[one][chosen], vectors[other]), strict=True):
            found.append(_example(one + other, sides[one], place, sides[other], row, name, answers))
    return found


def _example(
    direction: str, asking: Items, place: int, asked: Items, similarity: np.ndarray, name: Name, answers: int
) -> Example:
    """similarity [M]: of one query to every item."""
    right = asked.pair == asking.pair[place]
    best, others = similarity[right].max(), similarity[~right]
    order = np.lexsort((np.random.default_rng(0).permutation(len(similarity)), -similarity))[:answers]
    shown = tuple(
        Answer(name(asked, i), bool(right[i]), float(similarity[i]), int((similarity == similarity[i]).sum()) - 1)
        for i in map(int, order)
    )
    first, last = 1 + int((others > best).sum()), 1 + int((others >= best).sum())
    return Example(direction, name(asking, place), shown, first, last, len(similarity))
