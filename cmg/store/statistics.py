"""Statistics of features: of whole sides of a comparison, or of a few clips of a store or of a folder of released features.

They give a wrong recipe away without any other features beside them. Axes: t seconds, then positions and channels.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cmg.store.reader import FeatureStore
from cmg.store.released import H5Rows, NumpyFiles, ReleasedError, ZippedPickles

H5 = {"audio": "audio_feature.h5", "video": "visual_feature.h5"}
MOST = 50  # clips that are looked at


@dataclass(frozen=True)
class Statistics:
    """Over all values of the valid seconds: mean, standard deviation, extremes, share of exact zeros, channels that are always zero."""

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
        return Statistics(float(mean), float(deviation), float(self.low), float(self.high), self.zeros / self.count, silent)


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
    rows = usable[_spaced(len(usable), most)]
    return of_clips(store.read([row])[0][: store.valid[row]] for row in rows)


def of_folder(root: Path, modality: str, most: int = MOST) -> Statistics | None:
    """The same of released features below a dataset's root, in the first form that is there; None where there is none."""
    return of_clips(_released(Path(root), modality, most))


def _released(root: Path, modality: str, most: int) -> Iterable[np.ndarray]:
    if (root / H5[modality]).is_file():
        source = H5Rows(root / H5[modality])
        names = [(row, "") for row in range(len(source))]
    else:
        forms = {f"feature/{modality}/zip": ZippedPickles} | ({"feats/vggish": NumpyFiles} if modality == "audio" else {})
        folder, kind = next(((root / name, kind) for name, kind in forms.items() if (root / name).is_dir()), (None, None))
        if folder is None:
            return
        source, names = kind(folder), [(0, file.stem) for file in sorted(folder.iterdir()) if file.suffix in (".zip", ".npy")]
    for place in _spaced(len(names), most):
        try:
            yield source.read(*names[place])
        except ReleasedError:
            continue  # the index and the import count what cannot be read


def _spaced(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.empty(0, int)
