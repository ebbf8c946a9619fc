"""Fréchet and kernel distances against closed forms and torch-fidelity."""

import numpy as np
import pytest
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kernel_mmd  # noqa: F401  (the module must be there: it is what ours is compared with)

from cmg.generation.distance import frechet, kernel, spread


def theirs(one, two):
    import torch

    stats = [fid_features_to_statistics(torch.from_numpy(x)) for x in (one, two)]
    return fid_statistics_to_metric(*stats, verbose=False)["frechet_inception_distance"]


@pytest.mark.parametrize("seed", range(5))
def test_the_library_finds_the_same_where_there_are_more_pictures_than_features(seed):
    draw = np.random.default_rng(seed)
    n, m, width = 60 + seed, 50, 7
    mix = draw.normal(size=(width, width))
    one, two = draw.normal(size=(n, width)) @ mix, draw.normal(size=(m, width)) + draw.normal(size=width)
    assert frechet(one, two) == pytest.approx(theirs(one, two), rel=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_exact_with_fewer_pictures_than_features(seed):
    """Two sets in one plane of a wide space are as far apart as in the plane itself."""
    draw = np.random.default_rng(seed)
    flat = [draw.normal(size=(9, 3)), draw.normal(size=(8, 3)) * 2 + 1]
    turned = np.linalg.qr(draw.normal(size=(200, 3)))[0]
    wide = [x @ turned.T for x in flat]
    assert frechet(*wide) == pytest.approx(frechet(*flat), rel=1e-10)
    assert frechet(*wide) == pytest.approx(theirs(*wide), rel=1e-3)


def test_of_a_set_to_itself_and_of_one_that_moved(draw):
    one = draw.normal(size=(20, 50))
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet(one, one + 0.5) == pytest.approx(50 * 0.25)
    assert frechet(one, one[::-1]) == pytest.approx(0, abs=1e-9)


def test_of_gaussians_with_diagonal_covariances():
    """Sum of squared differences of means and of standard deviations; samples with exactly these moments."""
    whitened = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * np.sqrt(3 / 4)
    one, two = whitened * [1, 2], whitened * [3, 5] + [1, -2]
    assert frechet(one, two) == pytest.approx((1 + 4) + (2**2 + 3**2))


def test_kernel_distance_by_hand():
    """n = 2, D = 1: (xy + 1)^3 of the off-diagonal pairs, less twice the mean between the sets."""
    one, two = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    between = np.mean([1, 1, 3**3, 4**3])
    assert kernel(one, two) == pytest.approx(1 + 7**3 - 2 * between)


def test_kernel_distance_has_no_bias(draw):
    found = [kernel(draw.normal(size=(10, 4)), draw.normal(size=(10, 4))) for _ in range(300)]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(300)


def test_spread_falls_with_the_number_of_pairs(draw):
    one, two = draw.normal(size=(400, 3)), draw.normal(size=(400, 3))
    assert spread(one, two, 30, 0) < spread(one[:20], two[:20], 30, 0)
    assert spread(one, two, 10, 0) == spread(one, two, 10, 0)


@pytest.mark.parametrize("bad", [np.zeros((1, 3)), np.zeros((4, 2)), np.full((4, 3), np.nan), np.zeros(3)])
def test_sets_that_cannot_be_compared(bad):
    for distance in (frechet, kernel):
        with pytest.raises(ValueError, match="distance: "):
            distance(np.zeros((4, 3)), bad)
