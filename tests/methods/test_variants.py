"""Configurations with a variant: values of fields by variant and setting, and what is said of wrong ones."""

import pytest
from pydantic import ValidationError

from cmg.methods import config_class
from cmg.methods.options import ContrastivePrediction
from cmg.methods.variants import Variant, by_variant

METHODS = ("fcid", "dcid", "micu", "codaar")


class Mine(ContrastivePrediction, Variant):
    tau: float = by_variant(1.0, 0.1, gt=0)
    same: int = by_variant(3)
    weight: float = by_variant({"avt": 0.25, "av": 0.5}, 2.0)


def test_values_follow_variant_and_setting():
    assert (Mine().tau, Mine(variant="release").tau, Mine(variant="release", tau=None).tau, Mine(tau=0.5).tau) == (
        1.0,
        0.1,
        0.1,
        0.5,
    )
    assert (Mine().weight, Mine(modalities="AV").weight, Mine(modalities="av", variant="release").weight) == (
        0.25,
        0.5,
        2.0,
    )
    assert Mine().same == Mine(variant="release").same == 3
    assert (Mine().cpc_layers, Mine(variant="release").cpc_layers) == (1, 2)
    assert Mine.VARIANTS["release"]["tau"] == 0.1 and Mine.VARIANTS["paper"].keys() == Mine.VARIANTS["release"].keys()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("key", "value"), [("variant", "paper2"), ("modalities", "x"), ("mask_text", "maybe"), ("beta", -1)]
)
def test_one_mistake_is_one_error(name, key, value):
    with pytest.raises(ValidationError) as caught:
        config_class(name)(**{key: value})
    assert [error["loc"] for error in caught.value.errors()] == [(key,)]


@pytest.mark.parametrize("name", METHODS)
def test_options_of_a_group_keep_their_limits(name):
    for wrong in (
        {"decay": 1},
        {"reset_after": 0},
        *([{"cpc_layers": 0}, {"cpc_first": -1}] if name != "micu" else []),
    ):
        with pytest.raises(ValidationError, match="should be"):
            config_class(name)(**wrong)


@pytest.mark.parametrize("name", METHODS)
def test_an_objective_without_terms_names_its_section(name):
    config = config_class(name)
    switches = config.model_fields["losses"].annotation.model_fields
    with pytest.raises(ValidationError, match="losses: no term is on"):
        config(losses=dict.fromkeys(switches, False))


@pytest.mark.parametrize(
    ("name", "modalities", "term"), [("fcid", "av", "infonce"), ("fcid", "vt", "cpc"), ("dcid", "av", "club_text")]
)
def test_a_term_of_an_absent_modality_is_none(name, modalities, term):
    config = config_class(name)
    losses = {switch: switch in (term, "club") for switch in config.model_fields["losses"].annotation.model_fields}
    assert config(losses=losses).terms == {term}
    with pytest.raises(ValidationError, match=f"no term is on that modalities: {modalities} has"):
        config(losses=losses, modalities=modalities)
