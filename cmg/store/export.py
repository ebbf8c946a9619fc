"""Hand a store out in formats the field reads: npz and h5. Clip by clip, so that memory stays flat.

Axes: n rows, then the shape of one clip (T seconds, H W 7x7, C channels).
"""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cmg.files import replacing
from cmg.store.errors import StoreError
from cmg.store.reader import FeatureStore

EPOCH = (1980, 1, 1, 0, 0, 0)


def export(store: FeatureStore, file: Path, rows: Sequence[int] | None = None, key: str = "features") -> None:
    """Write ``rows`` (default: all) to an uncompressed ``.npz`` (deterministic bytes) or to HDF5, ``.h5``.

    Args:
        key: name of the features array; the official AVE files call it ``avadataset``. Beside it stand ``valid``,
            ``status`` (codes of the store's ``status_codes``; other than 0: zeros) and ``ids`` (text).

    Raises:
        StoreError: another suffix, or ``key`` is one of the other names.
    """
    if file.suffix not in FORMATS:
        raise StoreError(f"{file}: expected a name that ends in {' or '.join(FORMATS)}")
    chosen = np.arange(len(store)) if rows is None else np.asarray(rows)
    small = {"valid": store.valid[chosen], "status": store.status[chosen]}
    small["ids"] = np.array([store.ids[row] for row in chosen.tolist()], np.str_)
    if key in small:
        raise StoreError(f"{file}: expected a key other than {', '.join(small)} for the features, found {key!r}")
    with replacing(file) as temporary:
        FORMATS[file.suffix](store, temporary, chosen, key, small)


def write_npz(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Arrays by name in an uncompressed ``.npz``: atomic, deterministic bytes, read without pickle."""
    with replacing(file) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _add(archive, arrays)


def _add(archive: zipfile.ZipFile, arrays: Mapping[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        with archive.open(zipfile.ZipInfo(f"{name}.npy", EPOCH), "w", force_zip64=True) as handle:
            np.lib.format.write_array(handle, array, allow_pickle=False)


def _write_npz(store: FeatureStore, file: Path, rows: np.ndarray, key: str, small: dict[str, np.ndarray]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        with archive.open(zipfile.ZipInfo(f"{key}.npy", EPOCH), "w", force_zip64=True) as handle:
            about = {"fortran_order": False, "shape": (len(rows), *store.shape)}
            about["descr"] = np.lib.format.dtype_to_descr(store.dtype)
            np.lib.format.write_array_header_1_0(handle, about)
            for row in rows.tolist():
                handle.write(store.read([row]).tobytes())
        _add(archive, small)


def _write_h5(store: FeatureStore, file: Path, rows: np.ndarray, key: str, small: dict[str, np.ndarray]) -> None:
    import h5py  # exporting is the only reason to load it

    with h5py.File(file, "w") as archive:
        features = archive.create_dataset(key, (len(rows), *store.shape), store.dtype)
        for place, row in enumerate(rows.tolist()):
            features[place] = store.read([row])[0]
        for name, array in small.items():
            archive[name] = array.astype(h5py.string_dtype()) if array.dtype.kind == "U" else array


FORMATS = {".npz": _write_npz, ".h5": _write_h5}
