"""The error of this room, and what helps against damage."""

# once it is removed; DVC's cache may have shared it, by a link
REMEDY = "python -m pipeline verify --cache, and dvc repro"


class StoreError(Exception):
    """A feature store, or a request to one, that cannot be served; the message names file, expectation and finding."""
