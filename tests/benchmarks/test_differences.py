"""The parts by which paper and release are compared."""

import pytest

from benchmarks.differences import PARTS, SWITCHED, WITHOUT_EFFECT, changes, line, rows_of
from cmg.methods import config_class
from pipeline.sweeps import merged


@pytest.mark.parametrize("method", PARTS)
def test_every_difference_is_in_one_part(method):
    paper, released = (config_class(method).VARIANTS[name] for name in ("paper", "release"))
    differ = sorted(
        option for option, value in paper.items() if value != released[option] and option not in WITHOUT_EFFECT
    )
    assert sorted(option for options in PARTS[method].values() for option in options) == differ


@pytest.mark.parametrize("method", PARTS)
def test_all_parts_together_are_the_release(method):
    config, section = config_class(method), {}
    for part in PARTS[method]:
        section = merged(section, changes(method, part))
    ignored = {"variant", "losses", *WITHOUT_EFFECT}
    together, released = config(**section), config(variant="release")
    assert together.model_dump(exclude=ignored) == released.model_dump(exclude=ignored)
    assert all(
        getattr(together.losses, term)
        for name, part in SWITCHED
        if name == method
        for term in SWITCHED[name, part]["losses"]
    )


def test_a_line_compares_seed_by_seed():
    assert line("cpc", [50.0, 60.0], [52.0, 58.0]) == "| cpc | 50.0, 60.0 | 55.0 ± 7.1 | 0.0 ± 2.8 |"


def test_a_single_option_is_a_row():
    assert changes("fcid", "club_units") == {"club_units": "given"} and changes("dcid", "commit_other") == {
        "commit_other": 0.5
    }
    assert changes("fcid", "infonce") == changes("fcid", "nce_directions") == {"nce_directions": "to_text"}


@pytest.mark.parametrize("method", PARTS)
def test_rows_are_told_apart_by_name_and_every_one_changes_something(method):
    rows = rows_of(method)
    assert len(set(rows)) == len(rows) and {*PARTS[method], "release", "mask_text"} <= set(rows)
    assert all(changes(method, row) for row in rows) and changes(method, "paper") == {}
