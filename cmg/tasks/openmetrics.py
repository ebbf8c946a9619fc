"""Scores where test clips may be of classes that no head was fitted on. N clips, K known classes; a label of K or more
is unknown.

The confidence of a clip is its largest softmax probability. All scores are in percent.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rejection:
    """Known accuracy (a rejected known clip is wrong), unknown accuracy (rejected unknown clips), and their harmonic
    mean H."""

    threshold: float
    known: float
    unknown: float

    @property
    def h(self) -> float:
        """0 where both accuracies are."""
        both = self.known + self.unknown
        return 2 * self.known * self.unknown / both if both else 0.0


def confidence(logits: np.ndarray) -> np.ndarray:
    """[N,K] -> [N] in (0, 1], in float64."""
    logits = logits.astype(np.float64)
    return 1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)


def reject(logits: np.ndarray, labels: np.ndarray, threshold: float) -> Rejection:
    """Accuracies when clips below the threshold are called unknown."""
    known, accepted = _known(logits, labels), confidence(logits) >= threshold
    right = accepted & (logits.argmax(axis=1) == labels)
    return Rejection(threshold, 100 * float(right[known].mean()), 100 * float((~accepted)[~known].mean()))


def released_h(logits: np.ndarray, labels: np.ndarray, steps: int = 10) -> Rejection:
    """The released metric: the best H over thresholds equally spaced from the least to the greatest confidence of the
    test clips.

    The threshold is chosen on test labels; `Rejection.h` of a threshold from elsewhere is the honest counterpart.
    """
    sure = confidence(logits)
    return max(
        (reject(logits, labels, t) for t in np.linspace(sure.min(), sure.max(), steps).tolist()),
        key=lambda found: found.h,
    )


def auroc(logits: np.ndarray, labels: np.ndarray) -> float:
    """How often a known clip is more confident than an unknown one; an equal pair counts half."""
    known, sure = _known(logits, labels), confidence(logits)
    unknown = np.sort(sure[~known])
    below, up_to = (np.searchsorted(unknown, sure[known], side) for side in ("left", "right"))
    return 100 * float((below + up_to).mean()) / 2 / len(unknown)


def oscr(logits: np.ndarray, labels: np.ndarray) -> float:
    """Area under the correct classification rate of known clips over the false positive rate of unknown ones (Dhamija
    et al. 2018).

    Both are taken at every threshold that some clip has as its confidence; between them the curve is straight.
    """
    known, sure = _known(logits, labels), confidence(logits)
    right = sure[known & (logits.argmax(axis=1) == labels)]
    steps = np.unique(sure)[::-1]
    correct = np.concatenate([[0], (right[None] >= steps[:, None]).sum(axis=1) / known.sum()])
    false = np.concatenate([[0], (sure[~known][None] >= steps[:, None]).sum(axis=1) / (~known).sum()])
    return 100 * float(np.sum(np.diff(false) * (correct[1:] + correct[:-1]) / 2))


def _known(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    known = labels < logits.shape[1]
    if len(labels) != len(logits) or known.all() or not known.any():
        raise ValueError(
            f"open set: {len(logits)} clips, {len(labels)} labels, {known.sum()} known; "
            "expected some known and some unknown"
        )
    return known
