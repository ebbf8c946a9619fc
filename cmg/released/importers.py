"""Fill a store with released features, where there are no raw videos: the same store, with provenance ``released``.

Axes: T seconds of the store, t seconds as released, then positions and channels.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cmg.released.formats import ReleasedError, Source
from cmg.store.errors import StoreError
from cmg.store.schema import StoreSpec
from cmg.store.writer import StoreWriter


def released_spec(
    source: Source,
    *,
    dataset: str,
    modality: str,
    ids: Sequence[str],
    shape: tuple[int, ...],
    dtype: str,
    **options: Any,
) -> StoreSpec:
    """Specification of a store of released features.

    Args:
        ids: clip ids in index order.
        shape: of one clip in the store, e.g. ``(10, 128)``.
        options: ``clips_per_shard``, ``compression`` and ``code`` of the store.
    """
    fingerprints = [source.fingerprint(row, clip_id) for row, clip_id in enumerate(ids)]
    recipe = {"format": source.name, "released": True, "seconds": "zero-padded or cut"}
    return StoreSpec(dataset, modality, ids, fingerprints, shape, dtype, recipe, provenance="released", **options)


def import_rows(writer: StoreWriter, source: Source, progress: Callable[[int, int, int], None]) -> None:
    """Read every row that ``writer`` has to do; one that cannot be used becomes a failure.

    A clip with fewer seconds than the store's is padded with zeros and says so in ``valid``; one with more is cut (what
    the released loaders do to audio). Values are cast to the store's type; those it cannot hold make the clip
    ``malformed``.

    progress: called with clips done, clips in total, and failures so far.
    """
    todo, failed = writer.todo, 0
    for done, row in enumerate(todo, 1):
        failed += not _import_row(writer, source, row)
        progress(done, len(todo), failed)


def fit_seconds(array: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
    """An array [t, …] as [T, …] and its valid seconds; one second may come without its axis (images).

    Raises ``ReleasedError`` when it is no such array.
    """
    array = array[None] if array.shape == shape[1:] and shape[0] == 1 else array
    if array.dtype.kind not in "fiu" or array.ndim != len(shape) or array.shape[1:] != shape[1:] or not len(array):
        raise ReleasedError(
            "malformed",
            f"expected numbers of shape (t, {', '.join(map(str, shape[1:]))}), found {array.dtype} {array.shape}",
        )
    valid = min(len(array), shape[0])
    fitted = np.zeros(shape, array.dtype)
    fitted[:valid] = array[:valid]
    return fitted, valid


def _import_row(writer: StoreWriter, source: Source, row: int) -> bool:
    """Whether the row has features."""
    try:
        features, valid = fit_seconds(source.read(row, writer.spec.ids[row]), writer.spec.shape)
    except ReleasedError as error:
        writer.fail(row, error.status, error.reason)
        return False
    try:
        writer.put(row, features, valid)
    except StoreError as error:
        writer.fail(row, "malformed", str(error))
        return False
    return True
