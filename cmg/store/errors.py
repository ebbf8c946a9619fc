"""The error of this room."""


class StoreError(Exception):
    """A feature store, or a request to one, that cannot be served; the message names file, expectation and finding."""
