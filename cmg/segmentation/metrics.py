"""How well masks agree: mean intersection over union, and F with beta^2 = 0.3 at its best threshold (AVSBench's two
measures).

n frames, H W pixels. A pixel belongs to the object where its logit is above zero. Source: facts on CoDAAR, section 6.
"""

import numpy as np

EPSILON = 1e-7  # in the union, as released
BETA2 = 0.3
LEVELS = 1 << 16  # half-precision numbers
RELEASED_THRESHOLDS = np.linspace(0, 1 - 1e-10, 255).astype(np.float32)  # of the probability; the last one is 1


def iou(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Intersection over union of each frame, [n] float64, from [n,H,W] numbers and truths.

    Where the truth is empty: the share of pixels that are left empty too.
    """
    found, object_ = (array.reshape(len(array), -1) > 0 for array in (logits, truth))
    both, either = (found & object_).sum(axis=1), (found | object_).sum(axis=1)
    return np.where(object_.any(axis=1), both / (either + EPSILON), (~found).mean(axis=1))


class BestF:
    """The largest value over thresholds of the mean F curve of frames that come in batches; frames with an empty truth
    are left out.

    The thresholds are all numbers of half precision, to which logits are rounded. One pass over each frame's sorted
    logits: its curve is kept as its steps, by level, so that memory does not grow with the number of frames.
    """

    def __init__(self) -> None:
        self.steps, self.frames = np.zeros(LEVELS), 0

    def add(self, logits: np.ndarray, truth: np.ndarray) -> None:
        """Frames [n,H,W]."""
        for one, object_ in zip(logits.reshape(len(logits), -1), truth.reshape(len(truth), -1) > 0, strict=True):
            if object_.any():
                self.frames += 1
                self._add(_levels(one), object_)

    def _add(self, levels: np.ndarray, object_: np.ndarray) -> None:
        order = np.argsort(LEVELS - 1 - levels.astype(np.int32), kind="stable")  # the highest first
        levels, hits = levels[order], np.cumsum(object_[order])
        last = np.flatnonzero(np.append(levels[1:] != levels[:-1], True))  # of all pixels with the same logit
        f = f_beta(hits[last], last + 1, hits[-1])
        self.steps[levels[last]] += np.diff(f, prepend=0.0)

    @property
    def value(self) -> float:
        """F in 0..1; 0 where every truth was empty."""
        return float(np.cumsum(self.steps[::-1]).max() / self.frames) if self.frames else 0.0


def f_beta(hits: np.ndarray, found: np.ndarray, wanted: float | np.ndarray) -> np.ndarray:
    """F from pixels found rightly, found, and to be found; 0 where none is found rightly."""
    return (1 + BETA2) * hits / np.maximum(BETA2 * wanted + found, 1)


def _levels(logits: np.ndarray) -> np.ndarray:
    """Rank 0..65535 of each logit among the numbers of half precision, uint16."""
    half = np.clip(logits, -65504, 65504).astype(np.float16) + np.float16(0)  # there is one zero
    bits = half.view(np.uint16)
    return np.where(bits >> 15, ~bits, bits | np.uint16(0x8000))


def released_f(logits: np.ndarray, truth: np.ndarray) -> float:
    """F of one batch [n,H,W] as released: the best of 255 thresholds of the probability; 0 where every truth is
    empty."""
    pairs = zip(logits.reshape(len(logits), -1), truth.reshape(len(truth), -1) > 0, strict=True)
    curves = [_released_curve(one, object_) for one, object_ in pairs if object_.any()]
    return float(np.mean(curves, axis=0).max()) if curves else 0.0


def _released_curve(logits: np.ndarray, object_: np.ndarray) -> np.ndarray:
    """F of one frame at every threshold, in one pass over its sorted probabilities."""
    probability = (1 / (1 + np.exp(-np.maximum(logits, -700).astype(np.float64)))).astype(np.float32)
    found, hits = (
        len(part) - np.searchsorted(np.sort(part), RELEASED_THRESHOLDS) for part in (probability, probability[object_])
    )
    return f_beta(hits, found, object_.sum())


def best_constant(truths: np.ndarray) -> float:
    """The best mean intersection over union that one and the same mask reaches for all truths [n,H,W], among level
    sets of their mean: from every pixel to none.
    """
    mean = truths.mean(axis=0)
    masks = [mean >= level for level in (*np.quantile(mean, np.linspace(0, 1, 65)), np.inf)]
    return max(float(iou(np.broadcast_to(mask, truths.shape), truths).mean()) for mask in masks)
