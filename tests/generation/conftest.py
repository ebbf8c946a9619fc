import numpy as np
import pytest


@pytest.fixture
def draw():
    return np.random.default_rng(7)


@pytest.fixture
def pictures(draw):
    return draw.integers(0, 256, (3, 40, 30, 3), dtype=np.uint8)
