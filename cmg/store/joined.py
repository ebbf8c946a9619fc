"""Several stores read as one: the rows of each behind those of the one before."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from cmg.store.errors import StoreError
from cmg.store.reader import FeatureStore


class Joined:
    """Stores of one modality. Raises StoreError where their clips have other shapes or types.

    Attributes:
        starts: int [S], row at which each store begins.
    """

    def __init__(self, stores: Sequence[FeatureStore]) -> None:
        self.stores = list(stores)
        for store in self.stores[1:]:
            first = self.stores[0]
            if (store.shape, store.dtype) != (first.shape, first.dtype):
                known, found = f"{first.dtype} {list(first.shape)}", f"{store.dtype} {list(store.shape)}"
                raise StoreError(
                    f"{store.path}: expected clips of {known}, as in {first.path}, found {found}; "
                    "set `seconds:` (text: `words:`) of the datasets in params.yaml to the same number"
                )
        self.starts = np.cumsum([0, *map(len, self.stores)])[:-1]

    @cached_property
    def valid(self) -> np.ndarray:
        """int32 [N]: seconds (words) with content, over all stores."""
        return np.concatenate([store.valid for store in self.stores])

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Features [n,T,…] of rows over all stores, in their order."""
        rows = np.asarray(rows)
        if len(self.stores) == 1:
            return self.stores[0].read(rows)
        out = np.empty((len(rows), *self.stores[0].shape), self.stores[0].dtype)
        held = np.searchsorted(self.starts, rows, side="right") - 1
        for number, store in enumerate(self.stores):
            places = np.flatnonzero(held == number)
            out[places] = store.read(rows[places] - self.starts[number])
        return out
