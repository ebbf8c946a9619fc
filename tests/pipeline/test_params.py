"""params.yaml: the shipped file is valid, and mistakes are named."""

import difflib
import json
import re
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from dvc.utils.hydra import apply_overrides
from pydantic import BaseModel
from ruamel.yaml import YAML

from cmg.methods import METHODS, config_class
from cmg.tasks.settings import EvaluateOptions
from cmg.toc import toc_scores
from pipeline.params import ParameterError, Params, Toc, parse

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
    assert params.sections["fcid"] == {"variant": "release"} and params.released["fcid"].checkpoint == Path(
        "weights/FCID.pt"
    )
    assert params.released["baseline"].checkpoint is None
    with pytest.raises(ParameterError, match="params.yaml: codaar.checkpoint_sha256: "):
        parse(edited(codaar__checkpoint_sha256="short"), list(METHODS))


def defaults(model, values, above=""):
    """(dotted key, default, value written) of every field with a default that `values` holds, sections inside
    included."""
    for name, field in model.model_fields.items():
        if name in values and not field.is_required():
            yield f"{above}{name}", field.get_default(call_default_factory=True), values[name]
        if name in values and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from defaults(field.annotation, values[name], f"{above}{name}.")


def test_taking_a_key_out_of_the_shipped_file_changes_no_value():
    """A default is the value that the file has; where the scales differ there is none, and the key is asked for."""
    found = {key: (default, value) for key, default, value in defaults(Params, SHIPPED)}
    assert {
        "device",
        "evaluate.q_grid",
        "features.time_limit",
        "toc.lam",
        "stores.masks",
        "scales.paper.pretrain.processes",
    } <= found.keys()
    for key, (default, value) in found.items():
        assert (list(default) if isinstance(default, tuple) else default) == value, key
    for key in ("standardise", "precision", "epochs_of", "method"):
        values = deepcopy(SHIPPED)
        del values["scales"]["paper"]["pretrain"][key]
        with pytest.raises(ParameterError, match=rf"scales.paper.pretrain.{key}: Field required"):
            parse(values, list(METHODS))


def leaves(values, above=()):
    """Dotted key and value of everything that is no section."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, key))
        else:
            yield ".".join((*above, key)), value


SHIPPED_LEAVES = dict(leaves(SHIPPED))
OVERRIDES = [
    (key, new) for key, value in SHIPPED_LEAVES.items() if isinstance(value, list) for new in ([], [*value, "more"])
]
OVERRIDES += [("fcid.codebook_size", 800), ("decoders", 4), ("scale", "paper"), ("fcid.losses.recon", False)]


@pytest.mark.parametrize(("key", "new"), OVERRIDES, ids=str)
def test_an_experiment_changes_its_value_and_nothing_else(tmp_path, key, new):
    """``dvc exp run -S`` writes the file anew: it parses, and every other line stands as it did, comments included."""
    before = Path("params.yaml").read_text()
    file = tmp_path / "params.yaml"
    file.write_text(before)
    apply_overrides(file, [f"{key}={json.dumps(new)}"])
    assert YAML(typ="safe", pure=True).load(file.read_text()) == edited(**{key.replace(".", "__"): new})
    changed = [
        line[1:].strip()
        for line in difflib.ndiff(before.splitlines(), file.read_text().splitlines())
        if line[0] in "+-"
    ]
    items = len(SHIPPED_LEAVES[key]) + len(new) if isinstance(new, list) else 0
    assert len(changed) <= 2 + items and all(line.startswith(("- ", key.rpartition(".")[2])) for line in changed)
    assert sorted(re.findall("#.*", before)) == sorted(re.findall("#.*", file.read_text()))


def test_q_may_differ_between_tasks():
    values = {
        **SHIPPED["evaluate"],
        "q_fixed": {"default": 0.5, "avvp": 0.4},
        "q_grid": {"default": [0.5], "ave": [0.25, 0.5]},
    }
    found = parse(edited(evaluate=values), list(METHODS)).evaluate
    assert found.q_fixed == {"default": 0.5, "avvp": 0.4} and found.q_grid["ave"] == (0.25, 0.5)
    for key, wrong in (("q_fixed", {"default": 0.5, "avpv": 0.4}), ("q_fixed", 1.5), ("toc_worst", -1)):
        with pytest.raises(ParameterError, match=rf"params.yaml: evaluate: .*{key}"):
            parse(edited(evaluate={**SHIPPED["evaluate"], key: wrong}), list(METHODS))


def test_the_tasks_own_defaults_are_those_of_the_shipped_file():
    options = EvaluateOptions()
    assert {name: getattr(options, name) for name in SHIPPED["evaluate"]} == {
        **SHIPPED["evaluate"],
        "q_grid": tuple(SHIPPED["evaluate"]["q_grid"]),
    }


@pytest.mark.parametrize("method", ["fcid", "dcid", "codaar"])
def test_the_shipped_sections_name_the_defaults(method):
    """Every value in a method's section is the default of its variant, so that the file documents and changes
    nothing."""
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
    assert params.schedule("codaar").model_dump(exclude={"epochs"}) == params.schedule("fcid").model_dump(
        exclude={"epochs"}
    )
    with pytest.raises(ParameterError, match=r"scales.mini.pretrain.epochs_of: .*codaar"):
        parse(edited(scales__mini__pretrain__epochs_of={"codar": 6}), list(METHODS))
    with pytest.raises(ParameterError, match="epochs_of.codaar"):
        parse(edited(scales__mini__pretrain__epochs_of={"codaar": 0}), list(METHODS))


def test_the_splits_of_pretraining_are_known_ones():
    assert parse(SHIPPED, list(METHODS)).active.pretrain.splits == ["train"]
    assert parse(edited(scales__mini__pretrain__splits=["train", "val", "test"]), list(METHODS)).active.pretrain.splits[
        1:
    ] == [
        "val",
        "test",
    ]
    for wrong in (["train", "valid"], [], "train"):
        with pytest.raises(ParameterError, match="scales.mini.pretrain.splits"):
            parse(edited(scales__mini__pretrain__splits=wrong), list(METHODS))


def test_the_options_of_toc_are_those_of_its_scores():
    """The shipped ones change nothing, and every one reaches the scores."""
    book = np.random.default_rng(0).random((9, 5))
    book[:, 2] = 0.0
    shipped = parse(SHIPPED, list(METHODS)).toc
    assert shipped == Toc() and np.array_equal(toc_scores(book, **shipped.model_dump()).score, toc_scores(book).score)
    others = {"lam": 0.6, "normalise": False, "denominator": "release", "ddof": 1}
    assert others.keys() | {"dead_last"} == Toc.model_fields.keys()
    for option, value in others.items():
        assert not np.array_equal(toc_scores(book, **Toc(**{option: value}).model_dump()).score, toc_scores(book).score)
    assert toc_scores(book, **Toc(dead_last=False).model_dump()).ranking[-1] != toc_scores(book).ranking[-1] == 2
    with pytest.raises(ParameterError, match="toc.ddof"):
        parse(edited(toc__ddof=2), list(METHODS))


def test_a_batch_that_cannot_be_shared_out_is_refused():
    assert parse(edited(scales__mini__pretrain__processes=4), list(METHODS)).active.pretrain.processes == 4
    with pytest.raises(ParameterError, match=r"scales.mini.pretrain: .*batch_size: 32 cannot be .* processes: 3"):
        parse(edited(scales__mini__pretrain__processes=3), list(METHODS))


def test_a_variation_by_dvc_changes_its_own_line_alone(tmp_path):
    """`dvc exp run -S` writes params.yaml anew; it is shipped in that form, comments and all."""
    from dvc.utils.hydra import apply_overrides

    shipped = Path("params.yaml").read_text()
    for key, value in (
        ("fcid.codebook_size", 800),
        ("toc.lam", 0.5),
        ("scales.mini.pretrain.epochs", 3),
        ("datasets.ave.source", "raw"),
    ):
        (tmp_path / "params.yaml").write_text(shipped)
        apply_overrides(tmp_path / "params.yaml", [f"{key}={value}"])
        lines = zip(shipped.splitlines(), (tmp_path / "params.yaml").read_text().splitlines(), strict=True)
        ((before, after),) = [(old, new) for old, new in lines if old != new]
        assert before.partition("#")[2] == after.partition("#")[2] and str(value) in after
