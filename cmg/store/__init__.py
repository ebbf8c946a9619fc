"""The feature store: sealed, sharded Zarr v3 that is read by memory map, written at the clip and resumed after any kill.

`StoreWriter` writes what a `StoreSpec` describes, `FeatureStore` reads it; `cmg.store.integrity`, `cmg.store.export` and
`cmg.store.importers` check it, hand it out and fill it from released features. docs/store.md states the format.
"""

from cmg.store.errors import StoreError
from cmg.store.reader import Failure, FeatureStore
from cmg.store.schema import STATUS, StoreSpec
from cmg.store.writer import StoreWriter

__all__ = ["STATUS", "Failure", "FeatureStore", "StoreError", "StoreSpec", "StoreWriter"]
