"""The feature store: sealed, sharded Zarr v3, read by memory map, written clip by clip and resumed after any kill.

`FeatureStore` reads it, and `cmg.store.writer.StoreWriter` writes what a `StoreSpec` describes; `cmg.store.integrity`
and `cmg.store.export` check it and hand it out. docs/store.md states the format.
"""

from cmg.store.errors import StoreError
from cmg.store.reader import Failure, FeatureStore
from cmg.store.schema import STATUS, StoreSpec

__all__ = ["STATUS", "Failure", "FeatureStore", "StoreError", "StoreSpec"]
