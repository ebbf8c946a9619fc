"""Features of others against a store of ours: cosine per clip and second, and the statistics that give a wrong recipe
away.

Axes: n clips compared, T seconds, then positions and channels.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cmg.files import left_by_macos
from cmg.released.formats import H5Rows, NumpyFiles, ReleasedError, ZippedPickles
from cmg.released.importers import fit_seconds
from cmg.store.errors import StoreError
from cmg.store.reader import FeatureStore
from cmg.store.statistics import Moments, Statistics

NAME_LENGTH = 11  # released AVVP files are named by the first characters of the clip id
FILES: dict[str, type[ZippedPickles | NumpyFiles]] = {".zip": ZippedPickles, ".npy": NumpyFiles}


@dataclass(frozen=True)
class Comparison:
    """Clips that both sides have.

    Attributes:
        rows: int [n], rows of the store.
        cosine: float64 [n, T]; NaN where one of the two has no such second. Two vectors of zeros count as 1, one as 0.
        theirs, ours: statistics over the seconds compared.
        skipped: why clips of the other side were not compared, by name.
    """

    rows: np.ndarray
    cosine: np.ndarray
    theirs: Statistics
    ours: Statistics
    skipped: dict[str, str]

    @property
    def per_clip(self) -> np.ndarray:
        """float64 [n]: mean over the seconds compared."""
        return np.nanmean(self.cosine, axis=1)

    def worst(self, count: int) -> list[int]:
        """Positions of the clips with the lowest mean cosine, worst first."""
        return np.argsort(self.per_clip, kind="stable")[:count].tolist()


def compare(store: FeatureStore, path: Path) -> Comparison:
    """Compare `store` with an h5 file (row i is row i), one `<id>.zip` or `<id>.npy`, or a folder of such files.

    Raises:
        StoreError: another kind of file, or no clip that both have.
    """
    rows, cosines, skipped = [], [], {}
    theirs, ours = Moments(), Moments()
    for name, row, read in _released(store, Path(path)):
        try:
            other, valid = fit_seconds(read(), store.shape)
        except ReleasedError as error:
            skipped[name] = error.reason
            continue
        if row is None or store.valid[row] == 0:
            skipped[name] = (
                "no such clip in the store"
                if row is None
                else f"the store has no features of it ({store.status_of(row)})"
            )
            continue
        seconds = min(valid, int(store.valid[row]))
        pair = [side[:seconds].astype(np.float64) for side in (other, store.read([row])[0])]
        theirs.add(pair[0])
        ours.add(pair[1])
        rows.append(row)
        cosines.append(np.pad(cosine(*pair), (0, store.shape[0] - seconds), constant_values=np.nan))
    if not rows:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(skipped.items())[:3])
        raise StoreError(
            f"{path}: expected features of clips of {store.path}, found none to compare ({reasons or 'no files'})"
        )
    return Comparison(np.array(rows), np.stack(cosines), theirs.finish(), ours.finish(), skipped)


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cosine of each second: [T, …] and [T, …] → [T]."""
    one, other = (side.reshape(len(side), -1) for side in (one, other))
    lengths = np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)
    product = lengths[0] * lengths[1]
    both_zero = (lengths[0] == 0) & (lengths[1] == 0)
    return np.where(both_zero, 1.0, (one * other).sum(1) / np.where(product > 0, product, 1.0))


def _released(store: FeatureStore, path: Path) -> Iterator[tuple[str, int | None, Callable[[], np.ndarray]]]:
    """(name, row of the store or None, function that reads the array) of everything in `path`."""
    if path.suffix in (".h5", ".hdf5"):
        source = H5Rows(path, len(store))
        for row, clip_id in enumerate(store.ids):
            yield f"row {row} ({clip_id})", row, partial(source.read, row, "")
        return
    listed = (
        (file for file in path.iterdir() if file.suffix in FILES and not left_by_macos(file.name))
        if path.is_dir()
        else [path]
    )
    files = sorted(listed)
    rows = _by_name(store)
    for file in files:
        if file.suffix not in FILES or not file.is_file():
            raise StoreError(f"{file}: expected an .h5, .zip or .npy file, or a folder of .zip or .npy files")
        yield file.stem, rows.get(file.stem), partial(FILES[file.suffix](file.parent).read, 0, file.stem)


def _by_name(store: FeatureStore) -> dict[str, int]:
    """Row by clip id, and by its first eleven characters where those name one clip only."""
    short: dict[str, list[int]] = {}
    for row, clip_id in enumerate(store.ids):
        short.setdefault(clip_id[:NAME_LENGTH], []).append(row)
    unique = {name: rows[0] for name, rows in short.items() if len(rows) == 1}
    return unique | {clip_id: row for row, clip_id in reversed(list(enumerate(store.ids)))}
