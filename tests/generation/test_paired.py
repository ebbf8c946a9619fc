import numpy as np
import pytest

from cmg.generation.distance import frechet
from cmg.generation.paired import by_code, paired


def classes_of(*names: str) -> list[frozenset[str]]:
    return [frozenset(name) for name in names]


def test_own_pictures_are_found_and_shuffled_ones_are_not(draw):
    real = draw.normal(size=(50, 20))
    made = real + 0.1 * draw.normal(size=real.shape)
    found = paired(made, real, [])
    assert (
        found["r1"] == 100
        and found["cosine"] > 0.9
        and found["shuffled_r1"] == 0
        and abs(found["shuffled_cosine"]) < 0.1
    )
    place = np.roll(np.arange(50), 1)
    assert paired(made[place], real, [])["r1"] == 0
    assert frechet(made[place], real) == pytest.approx(frechet(made, real))


def test_one_picture_for_all_is_chance(draw):
    real = draw.normal(size=(40, 8))
    found = paired(np.repeat(real[:1], 40, axis=0), real, [])
    for name in ("r1", "r10"):
        assert found[name] == pytest.approx(100 * int(name[1:]) / 40) == pytest.approx(found[f"shuffled_{name}"])


def test_shuffled_is_the_mean_over_all_other_pairs(draw):
    real, made = draw.normal(size=(2, 11, 3))
    classes = classes_of(*draw.choice(["a", "b", "c", "ab", "bc"], size=11))
    found, drawn = paired(made, real, classes), []
    for shift in range(1, 11):  # together they put every picture beside every other pair once
        place = np.roll(np.arange(11), shift)
        drawn.append(paired(made[place], real, classes))
    for name in ("cosine", "r1", "r10", "same_classes", "a_class"):
        assert found[f"shuffled_{name}"] == pytest.approx(np.mean([one[name] for one in drawn])), name


def test_nearest_class_by_hand():
    real = np.eye(4)
    classes = classes_of("a", "ab", "c", "c")
    found = paired(real[[1, 0, 3, 0]], real, classes)  # their nearest pictures
    assert (found["same_classes"], found["a_class"]) == (25.0, 75.0)
    found = paired(np.array([[1.0, 1, 0, 0]] * 4), real, classes)  # two are equally near
    assert (found["same_classes"], found["a_class"]) == (25.0, 50.0)


def test_more_ranks_than_pictures():
    assert paired(np.eye(3), np.eye(3), [])["shuffled_r10"] == pytest.approx(100)


def test_by_code_by_hand():
    images, classes = np.eye(3)[[0, 0, 1, 1]], classes_of("a", "ab", "c", "a")
    assert by_code(np.eye(3)[[0, 1, 1, 2]], images, classes, False)["code_a_class"] == pytest.approx(
        100 * (1 + 0.5 + 0.5 + 0.75) / 4
    )
    assert by_code(images, images, classes, True)["code_a_class"] == pytest.approx(100 * (1 + 1 + 0 + 0) / 4)
    assert by_code(images, images, [], True) == {}
