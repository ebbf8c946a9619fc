"""Mean intersection over union and F of masks: the cases worked out by hand, brute force, and scikit-learn where it
has the quantity.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score, jaccard_score

from cmg.segmentation.metrics import RELEASED_THRESHOLDS, BestF, best_constant, f_beta, iou, released_f

FULL = 25 / (25 + 1e-7)
ONES, ZEROS = np.ones((4, 5, 5)), np.zeros((4, 5, 5))
HALF = np.concatenate([ZEROS[:2], ONES[:2]])


@pytest.mark.parametrize(
    ("logits", "truth", "expected"),
    [
        (ONES, ONES, FULL),
        (ZEROS, ZEROS, 1),
        (ZEROS, ONES, 0),
        (ONES, ZEROS, 0),
        (ONES, HALF, FULL / 2),
        (1 - HALF, ONES, FULL / 2),
    ],
    ids=["all right", "nothing there", "nothing found", "found in nothing", "half of the truths empty", "half found"],
)
def test_iou_of_the_cases_by_hand(logits, truth, expected):
    assert iou(logits, truth).mean() == pytest.approx(expected, abs=1e-12)


def test_f_of_the_case_by_hand():
    truth = np.zeros((1, 4, 4))
    truth[0, 0] = 1
    assert (
        best_f(np.where(truth, 3.0, -3.0), truth) == released_f(np.where(truth, 3.0, -3.0), truth) == pytest.approx(1)
    )
    assert best_f(np.full((1, 4, 4), 2.0), truth) == pytest.approx(1.3 * 0.25 / (0.3 * 0.25 + 1))


def best_f(logits, truth):
    measure = BestF()
    measure.add(logits, truth)
    return measure.value


def drawn(seed, frames=5, side=6):
    """Logits with many ties, and truths of which some are empty."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((frames, side, side)) < rng.random((frames, 1, 1))) & (rng.random((frames, 1, 1)) < 0.8)
    return np.round(rng.normal(size=truth.shape) * 2 + truth, rng.integers(0, 4)), truth


def brute(scores, truth, thresholds):
    """The best mean over frames of F from precision and recall, every threshold compared with every pixel."""
    curves = [
        f_of(s.ravel() >= np.asarray(thresholds)[:, None], t.ravel())
        for s, t in zip(scores, truth, strict=True)
        if t.any()
    ]
    return np.mean(curves, axis=0).max() if curves else 0.0


def f_of(found, object_):
    hits = (found & object_).sum(axis=1)
    precision, recall = hits / np.maximum(found.sum(axis=1), 1), hits / object_.sum()
    return 1.3 * precision * recall / np.maximum(0.3 * precision + recall, 1e-20)


def test_f_is_scikit_learns():
    logits, truth = drawn(4)
    found, object_ = logits.reshape(len(logits), -1) > 0, truth.reshape(len(truth), -1)[0]
    expected = [fbeta_score(object_, one, beta=0.3**0.5, zero_division=0) for one in found]
    np.testing.assert_allclose(f_of(found, object_), expected)
    np.testing.assert_allclose(f_beta((found & object_).sum(axis=1), found.sum(axis=1), object_.sum()), expected)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_f_is_the_best_of_all_thresholds(seed):
    logits, truth = drawn(seed)
    half = logits.astype(np.float16)
    assert best_f(logits, truth) == pytest.approx(brute(half, truth, np.unique(half)), abs=1e-12)
    parts = BestF()
    for n in range(len(logits)):
        parts.add(logits[n : n + 1], truth[n : n + 1])
    assert parts.value == pytest.approx(best_f(logits, truth), abs=1e-12), "the same in any number of batches"


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1))
def test_released_f_is_the_best_of_the_released_thresholds(seed):
    logits, truth = drawn(seed, frames=3)
    probability = (1 / (1 + np.exp(-logits))).astype(np.float32)
    assert released_f(logits, truth) == pytest.approx(brute(probability, truth, RELEASED_THRESHOLDS), abs=1e-6)
    assert released_f(logits, truth) <= best_f(logits, truth) + 1e-6


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_iou_is_scikit_learns_where_there_is_an_object(seed):
    logits, truth = drawn(seed)
    for found, one, object_ in zip(iou(logits, truth), logits, truth, strict=True):
        if object_.any():
            assert found == pytest.approx(jaccard_score(object_.ravel(), one.ravel() > 0, zero_division=0), abs=1e-6)
        else:
            assert found == pytest.approx(np.mean(one <= 0))


@pytest.mark.parametrize("logits", [[-1e30, 1e30, 0.0, -0.0], [6e-8, -6e-8, 1.0, 65504.0]])
def test_extreme_logits_keep_their_order(logits):
    scores = np.array(logits).reshape(1, 2, 2)
    for pixel in range(4):
        truth = np.zeros(4)
        truth[pixel] = 1
        clipped = np.clip(scores, -65504, 65504).astype(np.float16)
        assert best_f(scores, truth.reshape(1, 2, 2)) == pytest.approx(
            brute(clipped, truth.reshape(1, 2, 2) > 0, np.unique(clipped))
        )


def test_nothing_to_find_is_no_score():
    assert best_f(ONES, ZEROS) == released_f(ONES, ZEROS) == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_best_constant_mask_is_at_least_everything_and_nothing(seed):
    _, truth = drawn(seed, frames=20)
    best = best_constant(truth)
    assert best >= max(iou(np.ones(truth.shape), truth).mean(), iou(np.zeros(truth.shape), truth).mean()) - 1e-12
    assert best_constant(np.repeat(truth[truth.any(axis=(1, 2))][:1], 7, axis=0)) == pytest.approx(1), (
        "one mask for all is found"
    )
