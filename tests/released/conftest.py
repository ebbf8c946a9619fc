"""Fixtures of the store, which released features fill."""

from tests.store.conftest import flushed, path

__all__ = ["flushed", "path"]
