"""params.yaml: the shipped file is valid, and mistakes are named."""

from copy import deepcopy
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cmg.methods import METHODS, config_class
from pipeline.params import ParameterError, parse

SHIPPED = YAML(typ="safe", pure=True).load(Path("params.yaml").read_text())


def edited(**changes):
    values = deepcopy(SHIPPED)
    for path, value in changes.items():
        *parents, last = path.split("__")
        section = values
        for key in parents:
            section = section[key]
        section[last] = value
    return values


def test_the_shipped_file_is_valid_at_both_scales():
    for scale in ("mini", "paper"):
        params = parse(edited(scale=scale), list(METHODS))
        assert params.active is getattr(params.scales, scale)
        assert set(params.stores.video) <= set(params.datasets)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("sead", "seeds"),
        ("evaluate__protocl", "protocol"),
        ("scales__mini__pretrain__epoch", "epochs"),
        ("toc__lambd", "lam"),
        ("fcdi", "fcid"),
    ],
)
def test_a_misspelt_key_names_the_nearest_one(path, near):
    with pytest.raises(ParameterError, match=rf"unknown key '{path.split('__')[-1]}'.*'{near}'"):
        parse(edited(**{path: 1}), list(METHODS))


def test_an_unknown_method_names_the_nearest_one():
    with pytest.raises(ParameterError, match="unknown key 'fcidd'; did you mean 'fcid'"):
        parse(edited(methods=["fcidd"]), list(METHODS))


def test_a_dataset_that_is_not_listed_names_the_nearest_one():
    params = parse(SHIPPED, list(METHODS))
    assert params.dataset("ave").source == "sample"
    with pytest.raises(ParameterError, match="unknown key 'avpv'; did you mean 'avvp'"):
        params.dataset("avpv")


def test_a_bad_value_says_where():
    with pytest.raises(ParameterError, match="toc.lam"):
        parse(edited(toc__lam=2), list(METHODS))


def test_a_released_checkpoint_is_no_option_of_the_model():
    values = edited(fcid={"variant": "release", "checkpoint": "weights/FCID.pt"})
    params = parse(values, list(METHODS))
    assert params.sections["fcid"] == {"variant": "release"} and params.released["fcid"].checkpoint == Path("weights/FCID.pt")
    assert params.released["baseline"].checkpoint is None
    with pytest.raises(ParameterError, match="params.yaml: codaar.checkpoint_sha256: "):
        parse(edited(codaar__checkpoint_sha256="short"), list(METHODS))


@pytest.mark.parametrize("method", ["fcid", "dcid", "codaar"])
def test_the_shipped_sections_name_the_defaults(method):
    """Every value in a method's section is the default of its variant, so that the file documents and changes nothing."""
    section = parse(SHIPPED, list(METHODS)).sections[method]
    config = config_class(method)
    assert config(**section) == config()
    assert {"variant", "modalities", "codebook_size", "embedding_dim", "losses"} <= section.keys()
    assert section["losses"].keys() == config.model_fields["losses"].annotation.model_fields.keys()


def test_the_methods_section_wins_over_the_widths_of_the_scale():
    params = parse(edited(fcid={"codebook_size": 7, "specific_channels": 5}), list(METHODS))
    assert params.method_config("fcid") == {**params.active.pretrain.method, "codebook_size": 7, "specific_channels": 5}


def test_a_method_can_train_for_a_number_of_epochs_of_its_own():
    params = parse(edited(scale="paper"), list(METHODS))
    assert {method: params.schedule(method).epochs for method in ("fcid", "dcid", "codaar", "cmcm")} == {
        "fcid": 5,
        "dcid": 5,
        "codaar": 6,
        "cmcm": 8,
    }
    assert params.schedule("codaar").model_dump(exclude={"epochs"}) == params.schedule("fcid").model_dump(exclude={"epochs"})
    with pytest.raises(ParameterError, match=r"scales.mini.pretrain.epochs_of: .*codaar"):
        parse(edited(scales__mini__pretrain__epochs_of={"codar": 6}), list(METHODS))
    with pytest.raises(ParameterError, match="epochs_of.codaar"):
        parse(edited(scales__mini__pretrain__epochs_of={"codaar": 0}), list(METHODS))


def test_a_batch_that_cannot_be_shared_out_is_refused():
    assert parse(edited(scales__mini__pretrain__processes=4), list(METHODS)).active.pretrain.processes == 4
    with pytest.raises(ParameterError, match=r"scales.mini.pretrain: .*batch_size: 32 cannot be .* processes: 3"):
        parse(edited(scales__mini__pretrain__processes=3), list(METHODS))
