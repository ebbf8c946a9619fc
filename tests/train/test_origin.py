"""Stores of other features than those of training are refused by name."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from cmg.train.origin import OtherFeatures, check_origin, origin


def store(provenance: str = "extracted", weights: str = "a1", **recipe) -> SimpleNamespace:
    attrs = {"provenance": provenance, "recipe": {"grid": "official", **recipe}, "weights_digest": weights, "clips": 3}
    return SimpleNamespace(path=Path("data/features/ave/video.zarr"), attrs=attrs)


def test_features_made_in_the_same_way_are_taken():
    check_origin({"video": origin(store())}, store(), "video")
    check_origin({"video": origin(store(seconds=10))}, store(seconds=1), "video")


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (store(weights="b2"), "weights_digest: trained on a1, found b2"),
        (store(grid="timestamp"), "recipe.grid: trained on official"),
        (store(widths=[16]), "recipe.widths: trained on None, found [16]"),
    ],
)
def test_others_are_refused_and_every_difference_is_named(other, named):
    with pytest.raises(OtherFeatures) as error:
        check_origin({"video": origin(store())}, other, "video")
    assert (
        named in str(error.value)
        and "data/features/ave/video.zarr" in str(error.value)
        and "features_video" in str(error.value)
    )


def test_imported_features_do_not_say_how_they_were_made():
    check_origin({"video": origin(store())}, store("released", "", format="cmg"), "video")
    check_origin({"video": origin(store("released", ""))}, store(), "video")


def test_a_modality_that_training_did_not_see_is_not_compared():
    check_origin({}, store(), "video")
