"""Recall of retrieval with discrete codes, where equal similarities are the rule. N queries, M items."""

from collections.abc import Sequence

import numpy as np


def expected_recall(similarity: np.ndarray, matches: np.ndarray, ranks: Sequence[int] = (1, 5, 10)) -> dict[int, float]:
    """Share of queries, in percent, with a match among the first k items, for each k of `ranks`; ties in random order,
    in expectation.

    similarity: [N, M] real, higher is closer. matches: bool [N, M], at least one per query (a clip's five captions,
    say). Of a query's items that are as similar as its most similar match, m do not match and p do; with g others
    ranked before them, a match is among the first k with probability 1 - C(m, r) / C(m + p, r), r = k - g. Raises
    ValueError for shapes that differ or no match.
    """
    if similarity.shape != matches.shape or similarity.ndim != 2 or not len(matches) or not matches.any(axis=1).all():
        raise ValueError(
            f"recall: similarity {similarity.shape}, matches {matches.shape}; "
            "expected one shape [N, M] and a match per query"
        )
    best = np.where(matches, similarity, -np.inf).max(axis=1, keepdims=True)
    before = (similarity > best).sum(axis=1)
    tied = similarity == best
    hits, size = (tied & matches).sum(axis=1), tied.sum(axis=1)
    result = {}
    for k in ranks:
        drawn = np.clip(k - before, 0, size)
        missed = np.ones(len(size))
        for i in range(hits.max()):  # C(m, r) / C(m + p, r) as a product over the p matches
            factor = np.maximum(size - drawn - i, 0) / np.maximum(size - i, 1)
            missed *= np.where(i < hits, factor, 1.0)
        result[int(k)] = 100.0 * float(np.mean(1 - missed))
    return result


def released_recall(similarity: np.ndarray, matches: np.ndarray, ranks: Sequence[int] = (1, 5, 10)) -> dict[int, float]:
    """As `expected_recall`, but ties as the released helper breaks them: NumPy's default sort of float32 similarities,
    reversed.

    That sort is not stable, so tied items stand in an order that depends on their places and on the build of NumPy.
    """
    order = np.stack([np.argsort(row)[::-1] for row in similarity.astype(np.float32)])
    first = np.take_along_axis(matches, order, axis=1).argmax(axis=1)
    return {int(k): 100.0 * float(np.mean(first < k)) for k in ranks}


RECALLS = {"expected": expected_recall, "release": released_recall}
