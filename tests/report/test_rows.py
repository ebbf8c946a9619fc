"""Rows of a codebook by who chooses them: the same threshold for every method, and unused rows apart."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.report.codebooks import CodebookMaps
from cmg.report.rows import BALANCED, balance, balance_panel, choosers, chosen_panel, cumulative_panel, row_panels

BOTH = ("audio", "video")


def maps_of(use, modalities=BOTH, places=None, books=()):
    use = np.asarray(use, float)
    kinds = np.array(["shared"] * use.shape[1])
    return CodebookMaps(
        "dcid-0", "vggsound_avel", modalities, kinds, np.eye(use.shape[1]), None, 0, places, books, use=use
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_balance_lies_between_the_two_and_is_missing_where_neither_chose(counts):
    one, other = np.array(counts, float).T
    found = balance(one, other)
    assert np.array_equal(np.isnan(found), (one + other) == 0)
    np.testing.assert_array_equal(balance(other, one), -found)
    for value, a, b in zip(found, one, other, strict=True):
        if a + b:
            assert -1 <= value <= 1 and (value > 0) == (a > b) and (value == 1) == (b == 0)


def test_rows_on_each_side_of_the_threshold_and_unused_ones_are_counted():
    share = (1 + BALANCED) / 2  # of audio at the threshold itself
    audio, video = np.array([[share, 0.9, 0.5, 0.1, 0, 0], [1 - share, 0.1, 0.5, 0.9, 0, 0]])
    panel = balance_panel(maps_of([audio, video]))
    assert (
        "more video: 1; balanced: 2; more audio: 1; unused: 2." in panel.description
        and "within 0.4 of zero" in panel.gloss
    )


def test_cumulative_use_says_how_many_rows_make_up_most_of_it():
    panel = cumulative_panel(maps_of([[0.5, 0.3, 0.1, 0.1, 0], [0, 0.2, 0.2, 0.2, 0.4]]))
    assert "audio: 2 for 80%, 3 for 90%, 4 in use; video: 3 for 80%, 4 for 90%, 4 in use." in panel.gloss


def test_rows_are_coloured_by_the_set_that_chooses_them():
    use = [[0.5, 0.5, 0, 0, 0], [0, 0.5, 0.5, 0, 0], [0, 1, 0, 0, 0]]
    three = (*BOTH, "text")
    assert choosers(np.array(use), three) == [("audio",), three, ("video",), (), ()]
    panel = chosen_panel(maps_of(use, three, np.random.default_rng(0).normal(size=(3, 5, 2)), three))
    assert "Chosen by audio: 1; video: 1; audio+video+text: 1; unused: 2." in panel.description
    assert "fitted once for all modalities; shapes: audio, video, text" in panel.description


def test_what_was_not_counted_is_not_drawn():
    both = maps_of([[0.5, 0.5], [1, 0]], places=np.zeros((1, 2, 2)))
    assert [panel.title for panel in row_panels(both)] == [
        "DCID: balance of audio and video", "DCID: cumulative use", "DCID: rows by the modalities that choose them",
    ]  # fmt: skip
    assert row_panels(replace(both, use=None)) == []
    assert len(row_panels(maps_of([[0.5, 0.5], [1, 0]], ("audio", "text")))) == 1


@pytest.mark.parametrize("codes", [8, 1000])
def test_pictures_stay_small(codes):
    rng = np.random.default_rng(1)
    use = rng.dirichlet(np.ones(codes), 3)
    panels = row_panels(maps_of(use, (*BOTH, "text"), rng.normal(size=(3, codes, 2)), (*BOTH, "text")))
    assert len(panels) == 3 and all(len(panel.svg) < 80_000 for panel in panels)
