"""A few clips of a folder of released features, for their statistics."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from cmg.datasets.feature_files import H5
from cmg.released.formats import H5Rows, NumpyFiles, ReleasedError, Source, ZippedPickles
from cmg.store.statistics import MOST, Statistics, of_clips, spaced


def of_folder(root: Path, modality: str, most: int = MOST) -> Statistics | None:
    """Statistics of at most `most` clips below a dataset's root, in the first form that is there; None where there is
    none."""
    return of_clips(_released(Path(root), modality, most))


def _released(root: Path, modality: str, most: int) -> Iterable[np.ndarray]:
    source: Source
    if (root / H5[modality]).is_file():
        rows = H5Rows(root / H5[modality])
        source, names = rows, [(row, "") for row in range(len(rows))]
    else:
        forms: dict[str, type[ZippedPickles | NumpyFiles]] = {f"feature/{modality}/zip": ZippedPickles}
        forms |= {"feats/vggish": NumpyFiles} if modality == "audio" else {}
        found = next(((root / name, kind) for name, kind in forms.items() if (root / name).is_dir()), None)
        if found is None:
            return
        folder, kind = found
        source, names = (
            kind(folder),
            [(0, file.stem) for file in sorted(folder.iterdir()) if file.suffix in (".zip", ".npy")],
        )
    for place in spaced(len(names), most):
        try:
            yield source.read(*names[place])
        except ReleasedError:
            continue  # the index and the import count what cannot be read
