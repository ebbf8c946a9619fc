"""Recipe arguments of a wrong type: refused by name, value and what is expected, whatever the recipe."""

import json
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.extract.recipes import WORDS, RecipeError
from cmg.extract.run import MODULES, recipe_of

KEYS = [(modality, key) for modality in MODULES for key in get_type_hints(type(recipe_of(modality, {})))]
OTHERS = (
    st.booleans()
    | st.floats()
    | st.text(max_size=3)
    | st.none()
    | st.lists(st.text(max_size=2) | st.floats(), min_size=1, max_size=3)
) | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)


def fits(kind, value):
    """Whether a value is of a recipe's type as it stands."""
    if isinstance(value, list):
        return kind == tuple[int, ...] | None and all(type(item) is int for item in value)
    return {int: type(value) is int, str: type(value) is str}.get(
        kind, value is None or (kind == int | None and type(value) is int)
    )


@pytest.mark.parametrize(("modality", "key"), KEYS)
def test_values_of_another_type_are_refused_in_one_line(modality, key):
    kind = get_type_hints(type(recipe_of(modality, {})))[key]

    @given(OTHERS.filter(lambda value: not fits(kind, value)))
    def refused(value):
        with pytest.raises(RecipeError) as error:
            recipe_of(modality, {key: value})
        message = str(error.value)
        assert message == f"{key}: expected {WORDS[kind]}, found {json.dumps(value)}" and "\n" not in message

    refused()


@pytest.mark.parametrize(("modality", "key"), KEYS)
@given(number=st.integers(-(2**70), 2**70))
def test_whole_numbers_are_taken_or_refused(modality, key, number):
    """Of a fitting type and yet impossible: an error of the same kind, never another one."""
    if get_type_hints(type(recipe_of(modality, {})))[key] in (int, int | None):
        try:
            assert getattr(recipe_of(modality, {key: number}), key) == number
        except RecipeError as error:
            assert str(number) in str(error)


def test_the_shipped_recipes_are_fine():
    assert recipe_of("video", {"weights": "random", "widths": [4, 4, 8, 8, 16]}).widths == (4, 4, 8, 8, 16)
    assert (
        recipe_of("text", {"vocabulary": [1, 2]}).vocabulary == (1, 2)
        and recipe_of("audio", {"hidden": None}).hidden == 4096
    )
