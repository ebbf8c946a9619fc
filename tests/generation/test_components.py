import numpy as np
import pytest

from cmg.generation.components import Components, fit_components
from cmg.generation.generator import GeneratorError


@pytest.fixture
def pictures(draw):
    """Pictures in a space of four dimensions: mixtures of four patterns."""
    patterns = draw.integers(40, 216, (4, 16, 16, 3))
    weights = draw.dirichlet(np.ones(4), size=60)
    return np.round(np.einsum("nk,khwc->nhwc", weights, patterns)).astype(np.uint8)


def test_pictures_come_back_from_their_embeddings(pictures, draw):
    generator = fit_components(pictures[:40], 16)
    made = generator.generate(generator.embed(pictures[40:]), range(20)).astype(int)
    assert np.abs(made - pictures[40:]).mean() < 3 and made.shape == (20, 16, 16, 3)
    shuffled = generator.generate(generator.embed(pictures[40:])[::-1], range(20)).astype(int)
    assert np.abs(shuffled - pictures[40:]).mean() > 6


def test_a_picture_alone_and_among_others_to_the_bit(pictures):
    generator = fit_components(pictures, 16)
    embedded = generator.embed(pictures)
    assert (embedded[7] == generator.embed(pictures[7:8])[0]).all()
    assert (generator.generate(embedded, range(60))[7] == generator.generate(embedded[7:8], [7])[0]).all()
    assert embedded.dtype == np.float32 and np.mean(embedded**2) == pytest.approx(1, rel=0.3)


def test_seeds_move_a_picture_a_little(pictures):
    generator = fit_components(pictures, 16)
    one, same, other = generator.generate(generator.embed(pictures[[0, 0, 0]]), [1, 1, 2]).astype(int)
    assert (one == same).all() and 0 < np.abs(one - other).mean() < 4


def test_other_sizes_and_the_same_bits_again(pictures, draw):
    large = draw.integers(0, 256, (10, 48, 40, 3), dtype=np.uint8)
    first, second = fit_components(large, 16), fit_components(large, 16)
    assert first.digest == second.digest == Components(16, **first.tensors()).digest
    assert first.generate(first.embed(large[:2]), [0, 1]).shape == (2, 16, 16, 3)


def test_too_few_pictures(pictures):
    with pytest.raises(GeneratorError, match="at least 2 pictures"):
        fit_components(pictures[:1], 16)
