from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.draw import draw


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"])), max_size=30), st.integers(0, 40), st.integers(0, 99))
def test_a_draw_has_the_asked_size_and_does_not_depend_on_order(ids, count, seed):
    drawn = draw(ids, count, seed)
    assert drawn <= ids and len(drawn) == min(count, len(ids))
    assert draw(sorted(ids, reverse=True), count, seed) == drawn
    assert draw(ids, count + 1, seed) >= drawn


def test_seeds_differ_and_the_rule_is_fixed():
    ids = [str(number) for number in range(1000)]
    assert draw(ids, 500, 0) != draw(ids, 500, 1)
    assert draw(ids, 3, 2025) == {"306", "822", "895"}
