"""Metrics against naive loops written from the definitions, and against values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cmg.tasks import metrics

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 8), st.integers(1, 3))
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))


def f_of(counts):
    values = [2 * tp / (2 * tp + fp + fn) for tp, fp, fn in counts if tp + fp + fn]
    return sum(values) / len(values) if values else 1.0


def naive_segment(p, t):
    def counts(n, c):
        cells = list(zip(p[n, :, c], t[n, :, c], strict=True))
        return sum(a and b for a, b in cells), sum(a and not b for a, b in cells), sum(b and not a for a, b in cells)

    return 100 * np.mean([f_of([counts(n, c) for c in range(p.shape[2])]) for n in range(len(p))])


def events(seconds):
    found, current = [], set()
    for t, on in enumerate([*seconds, False]):
        if on:
            current.add(t)
        elif current:
            found.append(current)
            current = set()
    return found


def naive_event(p, t):
    def counts(n, c):
        predicted, true = events(p[n, :, c]), events(t[n, :, c])

        def meets(a, others):
            return any(len(a & b) / len(a | b) >= 0.5 for b in others)

        hits = sum(meets(a, true) for a in predicted)
        return hits, len(predicted) - hits, sum(not meets(b, predicted) for b in true)

    return 100 * np.mean([f_of([counts(n, c) for c in range(p.shape[2])]) for n in range(len(p))])


@settings(max_examples=150)
@given(PAIRS)
def test_f_scores_equal_the_definitions(pair):
    predicted, target = pair
    assert metrics.segment_f(predicted, target) == pytest.approx(naive_segment(predicted, target), abs=1e-9)
    assert metrics.event_f(predicted, target) == pytest.approx(naive_event(predicted, target), abs=1e-9)


@settings(max_examples=30)
@given(SHAPES.flatmap(lambda shape: arrays(bool, shape)))
def test_bounds_and_references(target):
    assert metrics.segment_f(target, target) == metrics.event_f(target, target) == 100
    order = metrics.best_constant(target)
    best = metrics.segment_f(metrics.constant(order, len(order), target.shape), target)
    everything = metrics.segment_f(np.ones_like(target), target)
    nothing = metrics.segment_f(np.zeros_like(target), target)
    assert best >= max(everything, nothing) - 1e-9
    assert (metrics.without_timing(target) >= target).all()


def clip(*rows):
    return np.array([[char == "x" for char in row] for row in rows]).T[None]


def test_one_clip_worked_by_hand():
    target = clip("xxxx......", "......xx..", "..........")
    predicted = clip("xxx.......", "..........", "x.........")
    # class 0: TP 3, FN 1 -> 6/7; class 1: missed -> 0; class 2: false -> 0
    assert metrics.segment_f(predicted, target) == pytest.approx(100 * (6 / 7) / 3)
    # class 0: IoU 3/4 -> hit, F 1; the others 0
    assert metrics.event_f(predicted, target) == pytest.approx(100 / 3)


def test_an_event_can_be_met_twice():
    target, predicted = clip("xxxxxxx..."), clip("xxxx.x....")
    # IoU 4/7 is a hit, IoU 1/7 is not: TP 1, FP 1, FN 0
    assert metrics.event_f(predicted, target) == pytest.approx(100 * 2 / 3)


def test_empty_clips_and_bad_shapes():
    nothing = clip("..........")
    assert metrics.segment_f(nothing, nothing) == metrics.event_f(nothing, nothing) == 100
    assert metrics.segment_f(~nothing, nothing) == metrics.event_f(~nothing, nothing) == 0
    assert metrics.top1(np.array([1, 2, 0, 0]), np.array([1, 2, 3, 4])) == 50
    with pytest.raises(ValueError, match="shape"):
        metrics.top1(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="not empty"):
        metrics.segment_f(np.zeros((0, 10, 2), bool), np.zeros((0, 10, 2), bool))


@settings(max_examples=30)
@given(PAIRS)
def test_segment_f_equals_scikit_learns_f1_by_clip_and_occurring_class(pair):
    sklearn = pytest.importorskip("sklearn.metrics")
    predicted, target = pair
    expected = []
    for p, t in zip(predicted, target, strict=True):
        occurring = np.flatnonzero((p | t).any(axis=0))
        found = [sklearn.f1_score(t[:, c], p[:, c], zero_division=0) for c in occurring]
        expected.append(np.mean(found) if found else 1.0)
    assert metrics.segment_f(predicted, target) == pytest.approx(100 * np.mean(expected), abs=1e-9)


@settings(max_examples=40)
@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(
            arrays(np.int64, n, elements=st.integers(0, 4)), arrays(np.int64, n, elements=st.integers(0, 4))
        )
    )
)
def test_top1_equals_scikit_learns_accuracy(pair):
    sklearn = pytest.importorskip("sklearn.metrics")
    assert metrics.top1(*pair) == pytest.approx(100 * sklearn.accuracy_score(pair[1], pair[0]))
