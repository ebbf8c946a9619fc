import numpy as np
import pytest

from cmg.generation.distance import frechet
from cmg.generation.paired import agreement, nearest_class, shuffled


def test_own_pictures_are_found_and_shuffled_ones_are_not(draw):
    real = draw.normal(size=(50, 20))
    made = real + 0.1 * draw.normal(size=real.shape)
    place = shuffled(50, 0)
    assert agreement(made, real)["r1"] == 100 and agreement(made, real)["cosine"] > 0.9
    assert agreement(made[place], real)["r1"] == 0
    assert frechet(made[place], real) == pytest.approx(frechet(made, real))


def test_one_picture_for_all_is_chance(draw):
    real = draw.normal(size=(40, 8))
    found = agreement(np.repeat(real[:1], 40, axis=0), real)
    assert found["r1"] == pytest.approx(100 / 40) and found["r10"] == pytest.approx(100 * 10 / 40)


def test_nearest_class_by_hand():
    real = np.eye(4)
    classes = [frozenset("a"), frozenset("ab"), frozenset("c"), frozenset("c")]
    made = real[[1, 0, 3, 0]]  # their nearest pictures
    assert nearest_class(made, real, classes) == {"same_classes": 25.0, "a_class": 75.0}
    equally_near = np.array([[1.0, 1, 0, 0]] * 4)
    assert nearest_class(equally_near, real, classes) == {"same_classes": 25.0, "a_class": 50.0}


@pytest.mark.parametrize("count", [2, 3, 10, 101])
def test_shuffled_leaves_no_pair_together(count):
    place = shuffled(count, 3)
    assert sorted(place) == list(range(count)) and (place != np.arange(count)).all()
