"""Scores of the downstream tasks, in percent. N clips, T seconds, C classes.

Localisation follows the definitions of the LLP benchmark (AVVP), on one modality: no audio-visual product and no gate
by a video-level decision. A clip where nothing is active in truth or prediction scores 100.
"""

import numpy as np


def top1(predicted: np.ndarray, target: np.ndarray) -> float:
    """Share of equal entries of two integer arrays of one shape ([N] clips, or [N, T] seconds)."""
    return 100.0 * float(np.mean(_same(predicted, target) == target))


def segment_f(predicted: np.ndarray, target: np.ndarray) -> float:
    """Segment-level F of boolean [N, T, C]: per clip and class over its seconds, mean over the classes that occur, mean
    over clips."""
    predicted, target = _same(predicted, target).astype(bool), target.astype(bool)
    hits = (predicted & target).sum(axis=1)
    return _clip_mean(hits, predicted.sum(axis=1) - hits, target.sum(axis=1) - hits)


def event_f(predicted: np.ndarray, target: np.ndarray, overlap: float = 0.5) -> float:
    """Event-level F of boolean [N, T, C]: consecutive seconds form an event.

    A predicted event is a hit where its IoU with some true event is at least `overlap`, else a false positive; a true
    event that no predicted event meets is a miss. F per clip and class, averaged as in `segment_f`.
    """
    predicted, target = _same(predicted, target).astype(bool), target.astype(bool)
    runs_p, owner_p = _runs(predicted)
    runs_t, owner_t = _runs(target)
    both = (runs_p >= 0) & (runs_t >= 0)
    pairs, common = np.unique(np.stack([runs_p[both], runs_t[both]]), axis=1, return_counts=True)
    length_p, length_t = (
        np.bincount(runs[runs >= 0], minlength=len(owner)) for runs, owner in ((runs_p, owner_p), (runs_t, owner_t))
    )
    met = pairs[:, common >= overlap * (length_p[pairs[0]] + length_t[pairs[1]] - common)]
    cells = predicted.shape[0] * predicted.shape[2]

    def count(owner: np.ndarray, met_runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        is_met = np.isin(np.arange(len(owner)), met_runs)
        found, left = (
            np.bincount(owner[mask], minlength=cells).reshape(-1, predicted.shape[2]) for mask in (is_met, ~is_met)
        )
        return found, left

    hits, false = count(owner_p, met[0])
    _, missed = count(owner_t, met[1])
    return _clip_mean(hits, false, missed)


def without_timing(active: np.ndarray) -> np.ndarray:
    """Boolean [N, T, C] with every class that is active in some second made active in all: what is left when timing is
    ignored."""
    return np.broadcast_to(active.any(axis=1, keepdims=True), active.shape)


def constant(order: np.ndarray, kept: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Boolean [N, T, C], the first `kept` classes of `order` active in every second of every clip."""
    answer = np.zeros(shape, dtype=bool)
    answer[..., order[:kept]] = True
    return answer


def best_constant(target: np.ndarray) -> np.ndarray:
    """Classes [k] that a predictor which never looks at a clip keeps active throughout: the most frequent k, k of the
    best segment F.

    `target` is boolean [N, T, C], the labels that it is then scored on, so that chance is never too low. Ties go to
    fewer classes.
    """
    order = np.argsort(-target.sum(axis=(0, 1)), kind="stable")
    scores = [segment_f(constant(order, kept, target.shape), target) for kept in range(target.shape[2] + 1)]
    return order[: int(np.argmax(scores))]


def _same(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    if predicted.shape != target.shape or not target.size:
        raise ValueError(
            f"metrics: predictions have shape {predicted.shape}, targets {target.shape}; "
            "expected one shape that is not empty"
        )
    return predicted


def _clip_mean(hits: np.ndarray, false: np.ndarray, missed: np.ndarray) -> float:
    """Mean over clips of the mean over occurring classes of 2 TP / (2 TP + FP + FN), from counts [N, C]."""
    total = 2 * hits + false + missed
    occurs = total > 0
    f = np.divide(2 * hits, total, out=np.zeros(total.shape), where=occurs)
    classes = occurs.sum(axis=1)
    return 100.0 * float(np.mean(np.where(classes > 0, f.sum(axis=1) / np.maximum(classes, 1), 1.0)))


def _runs(active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the runs of consecutive active seconds of [N, T, C]: run ids [N, C, T] (-1 outside), and each run's cell n
    * C + c."""
    by_cell = active.transpose(0, 2, 1)
    before = np.pad(by_cell, ((0, 0), (0, 0), (1, 0)))[..., :-1]
    starts = by_cell & ~before
    ids = np.cumsum(starts.ravel()).reshape(by_cell.shape) - 1
    owner = np.flatnonzero(starts.ravel()) // by_cell.shape[2]
    return np.where(by_cell, ids, -1), owner
