"""Options of the released codebooks, one by one: what a configuration says reaches the quantiser."""

import pytest

from cmg.methods import build, config_class

METHODS = ("fcid", "dcid", "micu", "codaar")


@pytest.mark.parametrize("name", [*METHODS, "cmcm"])
def test_options_reach_the_quantiser(small, name):
    values = {"smooth_counts": True, "reset": "copy", "reset_after": 9, "active_below": 7}
    quantizer = build(name, small | values).quantizer
    assert {option: getattr(quantizer, option) for option in values} == values


@pytest.mark.parametrize("name", METHODS)
def test_what_the_release_has(name):
    config = config_class(name)
    paper, release = config(), config(variant="release")
    assert (paper.smooth_counts, release.smooth_counts) == (False, True)
    assert (paper.reset, release.reset) == ("batch", "copy")
    assert paper.active_below == release.active_below == 100
