"""What is known of real features, on values made with and without a fault."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.extract.expected import APART, RANGES, disagreement, misfits, mixture
from cmg.store.statistics import Statistics, of_clips


def normal(mean_square: float, signed: bool) -> Statistics:
    """Values of this mean square, half of them zero where none is negative."""
    values = np.random.default_rng(0).normal(size=(20, 10, 128))
    values = values if signed else np.maximum(values, 0)
    return of_clips(list(values * (mean_square / (values**2).mean()) ** 0.5))


def own(output: str, weights: str = "audioset") -> dict:
    return {"provenance": "computed", "recipe": {"weights": weights, "output": output}}


RELEASED = {"provenance": "released"}


@pytest.mark.parametrize(
    ("dataset", "version", "about", "found", "said"),
    [
        ("vggsound_avel", "90k", RELEASED, normal(0.49, True), ()),
        ("vggsound_avel", "90k", RELEASED, normal(0.08, False), ("after VGGish's last ReLU, expected before",)),
        ("vggsound_avel", "90k", RELEASED, normal(0.30, True), ("mean square 0.3, expected 0.45 to 0.52",)),
        ("vggsound_avel", "40k", RELEASED, normal(0.30, True), ()),  # no number is known of the 40K files
        ("ave", "", RELEASED, normal(0.0837, False), ()),
        ("ave", "", RELEASED, normal(0.49, True), ("before VGGish's last ReLU, expected after",)),
        ("ave", "", own("relu"), normal(0.2, False), ("mean square 0.2, expected 0.071 to 0.096",)),
        ("ave", "", own("linear"), normal(0.4, True), ()),
        ("ave", "", own("linear"), normal(0.4, False), ("after VGGish's last ReLU, expected before", "mean square")),
        ("avvp", "", own("relu"), normal(0.4, True), ("before VGGish's last ReLU, expected after",)),
        ("ave", "", own("relu", "random"), normal(9.0, True), ()),
        ("avvp", "", RELEASED, normal(0.4, True), ()),
    ],
)
def test_sound_that_does_not_fit_its_recipe_is_named(dataset, version, about, found, said):
    lines = misfits(dataset, version, "audio", about, found)
    assert len(lines) == len(said) and all(text in line for text, line in zip(said, lines, strict=True)), lines


@pytest.mark.parametrize(("mean_square", "fits"), [(43.0, False), (44.5, True), (48.6, True), (51.0, False)])
def test_pictures_of_90k_have_a_known_mean_square(mean_square, fits):
    about = {"provenance": "computed", "recipe": {"weights": "caffe"}}
    lines = misfits("vggsound_avel", "90k", "video", about, normal(mean_square, False))
    assert bool(lines) != fits and misfits("vggsound_avel", "90k", "text", about, normal(1, True)) == []


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.booleans(), st.booleans())
def test_features_of_two_kinds_disagree(one, other, signed, also):
    trained, found = normal(one, signed), normal(other, also)
    said = disagreement("ave", "audio", trained, found)
    assert bool(said) == (signed != also or not 1 / APART <= found.mean_square / trained.mean_square <= APART)
    assert ("last ReLU" in said) == (signed != also)


def test_the_released_mixture_is_named_where_both_kinds_meet():
    assert mixture(["vggsound_avel", "clotho"]) == "" and mixture(["ave", "avvp"]) == "" and mixture([]) == ""
    said = mixture(["vggsound_avel", "ave", "avvp"])
    assert (
        "before VGGish's last ReLU: vggsound_avel" in said
        and "after VGGish's last ReLU: ave" in said
        and "not known: avvp" in said
    )


def test_the_ranges_are_those_of_the_facts():
    assert {(r.dataset, r.modality): (r.low, r.high) for r in RANGES if r.version} == {
        ("vggsound_avel", "video"): (44, 50), ("vggsound_avel", "audio"): (0.45, 0.52),
    }  # fmt: skip
