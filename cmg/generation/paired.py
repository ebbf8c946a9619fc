"""Whether a generated picture fits its own pair: what a Fréchet distance cannot see (shuffling pairs leaves it as it
is).

N pairs, D features. Row i of the generated pictures belongs to row i of the real ones. Every number also stands as
`shuffled_…`, its chance: the same of pictures that belong to another pair, every other pair as likely (exact, nothing
is drawn).
"""

from collections.abc import Sequence

import numpy as np

from cmg.tasks.recall import expected_recall
from cmg.tasks.retrieval import cosine

RANKS = (1, 10)
CLASSES = "same_classes", "a_class"


def paired(made: np.ndarray, real: np.ndarray, classes: Sequence[frozenset[str]]) -> dict[str, float]:
    """`cosine` (mean, -1 to 1), `r1` and `r10`: how often a picture's own real one is among the first k of all
    (percent, equal cosines in random order); with classes, of the nearest real picture, how often it shows just the
    pair's classes (`same_classes`) and at least one of them (`a_class`), percent, equally near pictures sharing the
    point.
    made, real: [N, D], N >= 2; classes: N sets of names, or none.
    """
    cosines = cosine(made, real)
    own, others = _means(cosines)
    found = {"cosine": own, "shuffled_cosine": others}
    for k, recall in expected_recall(cosines, np.eye(len(real), dtype=bool), RANKS).items():
        found |= {f"r{k}": recall, f"shuffled_r{k}": (100 * min(k, len(real)) - recall) / (len(real) - 1)}
    return found | (_nearest_class(cosines, classes) if classes else {})


def by_code(
    asked: np.ndarray, images: np.ndarray, classes: Sequence[frozenset[str]], same_modality: bool
) -> dict[str, float]:
    """What codes alone know, no picture being made: how often the image with the nearest code shows one of the pair's
    classes (`code_a_class`).

    asked, images: codes [N, D] of a modality and of the images; same_modality: they are the same, and a pair's own
    image does not count.
    """
    cosines = cosine(asked, images)
    if same_modality:
        np.fill_diagonal(cosines, -np.inf)
    found = _nearest_class(cosines, classes) if classes else {}
    return {name.replace("a_class", "code_a_class"): value for name, value in found.items() if name.endswith("a_class")}


def _nearest_class(cosines: np.ndarray, classes: Sequence[frozenset[str]]) -> dict[str, float]:
    nearest = cosines == cosines.max(axis=1, keepdims=True)
    nearest = nearest / nearest.sum(axis=1, keepdims=True)
    same = np.array([[one == other for other in classes] for one in classes])
    common = np.array([[bool(one & other) for other in classes] for one in classes])
    found = {}
    for name, right in zip(CLASSES, (same, common), strict=True):
        found[name], found[f"shuffled_{name}"] = (100 * value for value in _means(nearest @ right))
    return found


def _means(square: np.ndarray) -> tuple[float, float]:
    """Mean of the diagonal and of the rest: [N, N] -> pictures beside their own pair, and beside every other one."""
    count, trace = len(square), float(np.trace(square))
    return trace / count, (float(square.sum()) - trace) / (count * (count - 1))
