"""Statistics of features: of whole sides of a comparison, or of a few clips of a store.

They give a wrong recipe away without any other features beside them. Axes: t seconds, then positions and channels.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cmg.store.reader import FeatureStore

MOST = 50  # clips that are looked at


@dataclass(frozen=True)
class Statistics:
    """Over all values of the valid seconds: mean, standard deviation, extremes, share of exact zeros, channels that are
    always zero."""

    mean: float
    std: float
    low: float
    high: float
    zeros: float
    silent_channels: int

    @property
    def mean_square(self) -> float:
        """What a reconstruction that gives zero would cost."""
        return self.mean**2 + self.std**2


class Moments:
    """Statistics of seconds that arrive clip by clip."""

    def __init__(self) -> None:
        self.count, self.total, self.squares, self.zeros, self.low, self.high = 0, 0.0, 0.0, 0, np.inf, -np.inf
        self.loud: np.ndarray | bool = False

    def add(self, seconds: np.ndarray) -> None:
        """Count the seconds of one clip, [t,...,C] with t > 0, in."""
        self.count += seconds.size
        self.total += seconds.sum()
        self.squares += (seconds**2).sum()
        self.zeros += int((seconds == 0).sum())
        self.low, self.high = min(self.low, seconds.min()), max(self.high, seconds.max())
        self.loud = self.loud | (seconds != 0).reshape(-1, seconds.shape[-1]).any(0)

    def finish(self) -> Statistics:
        """The statistics of everything that was added."""
        mean = self.total / self.count
        deviation = max(self.squares / self.count - mean**2, 0.0) ** 0.5
        silent = int((~np.asarray(self.loud)).sum())
        return Statistics(
            float(mean), float(deviation), float(self.low), float(self.high), self.zeros / self.count, silent
        )


def of_clips(clips: Iterable[np.ndarray]) -> Statistics | None:
    """Statistics of clips [t,…,C]; None where there is none."""
    moments = Moments()
    for clip in clips:
        if clip.size:
            moments.add(clip.astype(np.float64))
    return moments.finish() if moments.count else None


def of_store(store: FeatureStore, most: int = MOST) -> Statistics | None:
    """Statistics of at most `most` clips with features, evenly spaced; None where it has none."""
    usable = np.flatnonzero(store.valid > 0)
    rows = usable[spaced(len(usable), most)]
    return of_clips(store.read([row])[0][: store.valid[row]] for row in rows)


def spaced(count: int, most: int) -> np.ndarray:
    """At most `most` of the numbers below `count`, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.empty(0, int)
