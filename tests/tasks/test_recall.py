"""Recall under ties: against every order of the ties, and against the released numbers where there are none."""

import os
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cmg.tasks.recall import expected_recall, released_recall
from cmg.tasks.retrieval import cosine

GOLDEN = Path(os.environ.get("CMG_SHARED", Path(__file__).parents[2] / "../shared")) / "golden/fcid/retrieval.npz"


def by_all_orders(similarity, matches, k):
    orders = [
        o
        for o in permutations(range(len(similarity)))
        if all(similarity[a] >= similarity[b] for a, b in zip(o, o[1:], strict=False))
    ]
    return np.mean([any(matches[i] for i in order[:k]) for order in orders])


@settings(max_examples=40)
@given(
    st.integers(1, 5).flatmap(
        lambda m: st.tuples(
            arrays(np.int64, (2, m), elements=st.integers(0, 2)),
            arrays(bool, (2, m)).filter(lambda a: a.any(axis=1).all()),
        )
    )
)
def test_equals_the_mean_over_all_orders_of_the_ties(case):
    similarity, matches = case
    found = expected_recall(similarity, matches, (1, 2, 4))
    for k, value in found.items():
        expected = np.mean([by_all_orders(row, hit, k) for row, hit in zip(similarity, matches, strict=True)])
        assert value == pytest.approx(100 * expected)


def test_one_code_for_everything_is_chance():
    assert expected_recall(np.ones((8, 20)), np.eye(8, 20, dtype=bool), (1, 5)) == {
        1: pytest.approx(5),
        5: pytest.approx(25),
    }


def test_errors():
    for similarity, matches in [
        (np.ones((2, 3)), np.ones((3, 2), bool)),
        (np.ones((2, 3)), np.zeros((2, 3), bool)),
        (np.ones(3), np.ones(3, bool)),
    ]:
        with pytest.raises(ValueError, match="a match per query"):
            expected_recall(similarity, matches)


@pytest.mark.skipif(not GOLDEN.exists(), reason="reference arrays of the released code are absent (set CMG_SHARED)")
def test_without_ties_it_equals_the_released_recall():
    with np.load(GOLDEN) as golden:
        audio, captions = golden["audio"], golden["captions"]
        similarity = (audio / np.linalg.norm(audio, axis=1)[:, None]) @ (
            captions / np.linalg.norm(captions, axis=1)[:, None]
        ).T
        matches = np.arange(60)[None] // 5 == np.arange(12)[:, None]
        for scores, hits, key in ((similarity, matches, "a2t"), (similarity.T, matches.T, "t2a")):
            np.testing.assert_allclose(
                list(expected_recall(scores, hits, (1, 5, 10, 50)).values()), golden[key][:4], rtol=1e-12
            )


def released_ranks(similarity):
    """Place (from 0) of item n in the answer to query n, by the released helper's sort on this machine."""
    return np.array([np.argsort(row)[::-1].tolist().index(n) for n, row in enumerate(similarity.astype(np.float32))])


def recalls(ranks, at):
    return [100 * np.mean(ranks < k) for k in at]


@pytest.mark.parametrize("items", [7, 20, 300])
def test_ties_can_be_broken_by_the_released_sort(items):
    """Whatever the order of ties that NumPy gives on this CPU."""
    similarity = np.random.default_rng(items).integers(0, 4, (items, items)) / 3
    found = released_recall(similarity, np.eye(items, dtype=bool), (1, 5, 10, 50))
    assert list(found.values()) == pytest.approx(recalls(released_ranks(similarity), (1, 5, 10, 50)))


@pytest.mark.skipif(not GOLDEN.exists(), reason="reference arrays of the released code are absent (set CMG_SHARED)")
def test_ties_can_be_broken_as_released():
    with np.load(GOLDEN) as golden:
        similarity = cosine(golden["codes"][golden["idx_a"]], golden["codes"][golden["idx_t"]])
        for scores, key in ((similarity, "a2t_ties"), (similarity.T, "t2a_ties")):
            if not np.array_equal(released_ranks(scores), golden[f"ranks_{key}"]):
                pytest.skip(
                    "NumPy's default sort orders ties otherwise on this CPU than where the reference arrays were made"
                )
            found = released_recall(scores, np.eye(20, dtype=bool), (1, 5, 10, 50))
            np.testing.assert_allclose(list(found.values()), golden[key][:4], rtol=1e-12)


@settings(max_examples=40)
@given(arrays(np.int64, (6, 9), elements=st.integers(0, 1000)), st.integers(1, 9))
def test_without_ties_both_equal_scikit_learns_top_k_accuracy(drawn, k):
    accuracy = pytest.importorskip("sklearn.metrics").top_k_accuracy_score
    similarity = drawn + np.linspace(0, 0.5, drawn.size).reshape(drawn.shape)
    target = drawn[:, 0] % 9
    matches = target[:, None] == np.arange(9)
    expected = 100 * accuracy(target, similarity, k=k, labels=np.arange(9)) if k < 9 else 100.0
    assert expected_recall(similarity, matches, (k,))[k] == pytest.approx(expected)
    assert released_recall(similarity, matches, (k,))[k] == pytest.approx(expected)
