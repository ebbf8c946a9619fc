"""Reference arrays for the losses."""

import pytest

from tests.methods.golden import load


@pytest.fixture
def golden(reference):
    """golden(name) -> arrays of one reference file."""
    return lambda name: load(reference, name)
