"""Whether a generated picture fits its own pair: what a Fréchet distance cannot see (shuffling pairs leaves it as it is).

N pairs, D features. Row i of the generated pictures belongs to row i of the real ones.
"""

from collections.abc import Sequence

import numpy as np

from cmg.tasks.recall import expected_recall
from cmg.tasks.retrieval import cosine

RANKS = (1, 10)


def agreement(made: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """`cosine` of the features of a generated picture and of its own real one (mean, -1 to 1), and `r1`, `r10`: how often that real
    picture is among the first k of all real ones (percent; equal cosines in random order). made, real: [N, D].
    """
    cosines = cosine(made, real)
    recall = expected_recall(cosines, np.eye(len(real), dtype=bool), RANKS)
    return {"cosine": float(np.diag(cosines).mean()), **{f"r{k}": recall[k] for k in RANKS}}


def nearest_class(made: np.ndarray, real: np.ndarray, classes: Sequence[frozenset[str]]) -> dict[str, float]:
    """Of the nearest real picture by cosine: how often it shows just the classes of the pair (`same_classes`) and at least one of them
    (`a_class`), in percent. Equally near pictures share the point. classes: N sets of names.
    """
    cosines = cosine(made, real)
    nearest = cosines == cosines.max(axis=1, keepdims=True)
    same = np.array([[one == other for other in classes] for one in classes])
    common = np.array([[bool(one & other) for other in classes] for one in classes])
    found = {"same_classes": same, "a_class": common}
    return {name: float(100 * ((nearest & right).sum(1) / nearest.sum(1)).mean()) for name, right in found.items()}


def shuffled(count: int, seed: int) -> np.ndarray:
    """For each of `count` >= 2 rows another one, every row once: whose generated picture stands in for it, int64 [count]."""
    order = np.random.default_rng(seed).permutation(count)
    place = np.empty(count, np.int64)
    place[order] = np.roll(order, 1)
    return place
