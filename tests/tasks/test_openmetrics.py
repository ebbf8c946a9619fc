"""Open-set scores against definitions written out, and by properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from cmg.tasks import openmetrics


def draw(seed, n=40, known=3, classes=5):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    logits = 2 * rng.normal(size=(n, known))
    inside = labels < known
    logits[np.flatnonzero(inside), labels[inside]] += 2
    return logits.round(1), labels


def h_by_hand(logits, labels, threshold):
    right = wrong = caught = missed = 0
    for row, label in zip(softmax(logits, axis=1), labels, strict=True):
        answer = int(row.argmax()) if row.max() >= threshold - 1e-12 else -1
        if label < logits.shape[1]:
            right, wrong = right + (answer == label), wrong + (answer != label)
        else:
            caught, missed = caught + (answer == -1), missed + (answer != -1)
    a, b = right / (right + wrong), caught / (caught + missed)
    return 100 * (2 * a * b / (a + b) if a + b else 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_released_h_is_the_best_of_ten_thresholds(seed):
    logits, labels = draw(seed)
    top = softmax(logits, axis=1).max(axis=1)
    values = [h_by_hand(logits, labels, top.min() + k * (top.max() - top.min()) / 9) for k in range(10)]
    assert openmetrics.released_h(logits, labels).h == pytest.approx(max(values), abs=1e-9)


@pytest.mark.parametrize("case", ["small", "ave_14_of_28", "ave_21_of_28"])
def test_released_h_of_the_released_code(reference, case):
    path = reference / "golden" / "micu" / "open_set_metric.npz"
    if not path.is_file():
        pytest.skip("reference file micu/open_set_metric.npz is absent")
    with np.load(path, allow_pickle=False) as arrays:
        expected = {name.removeprefix(f"{case}_"): arrays[name] for name in arrays.files if name.startswith(case)}
    found = openmetrics.released_h(expected["logits"], expected["labels"])
    assert expected["logits"].shape[1] == expected["known_classes"]
    percent = 1 if expected["best_H"] > 1 else 100
    scores = [float(percent * expected[name]) for name in ("best_H", "acc_known", "acc_unknown")]
    assert [found.h, found.known, found.unknown] == pytest.approx(scores, rel=1e-6)
    assert found.threshold == pytest.approx(float(expected["threshold"]), rel=1e-6)


def test_both_accuracies_zero_give_zero():
    logits, labels = np.array([[3.0, 0.0], [3.0, 0.0]]), np.array([1, 2])
    assert openmetrics.reject(logits, labels, 0.0).h == 0.0


def test_four_clips_by_hand():
    """Confidences .9, .8, .7, .6; right, unknown, wrong, right: H at 0.75 is of 1/3 and 0; OSCR: 1/3 before the unknown
    comes in."""
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    logits, labels = np.log(p), np.array([0, 2, 1, 0])
    found = openmetrics.reject(logits, labels, 0.85)
    assert (found.known, found.unknown, found.h) == (pytest.approx(100 / 3), 100.0, pytest.approx(50.0))
    assert openmetrics.auroc(logits, labels) == pytest.approx(100 / 3)
    assert openmetrics.oscr(logits, labels) == pytest.approx(100 / 3)


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_properties(seed):
    logits, labels = draw(seed)
    known = labels < 3
    expected = roc_auc_score(known, openmetrics.confidence(logits))
    np.testing.assert_allclose(openmetrics.confidence(logits), softmax(logits, axis=1).max(axis=1))
    assert openmetrics.auroc(logits, labels) == pytest.approx(100 * expected, abs=1e-6)
    closed = 100 * np.mean(logits.argmax(axis=1)[known] == labels[known])
    assert -1e-9 <= openmetrics.oscr(logits, labels) <= closed + 1e-9
    order = np.random.default_rng(seed).permutation(len(labels))
    for score in (openmetrics.auroc, openmetrics.oscr, lambda x, y: openmetrics.released_h(x, y).h):
        assert score(logits[order], labels[order]) == pytest.approx(score(logits, labels))


def test_a_perfect_head():
    labels = np.array([0, 1, 2, 3, 4])
    logits = np.where(np.arange(3) == labels[:, None], 20.0, 0.0)
    assert (
        openmetrics.auroc(logits, labels)
        == openmetrics.oscr(logits, labels)
        == openmetrics.released_h(logits, labels).h
        == 100
    )


def test_only_known_clips_are_an_error():
    with pytest.raises(ValueError, match="2 known; expected some known and some unknown"):
        openmetrics.oscr(np.zeros((2, 3)), np.array([0, 1]))
