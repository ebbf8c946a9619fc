"""Names of FCID's parameters in released files."""

import json

import pytest
import torch

from cmg.methods import build
from cmg.methods.fcid.keys import CLUBS, CPC, DECODER, ENCODER
from cmg.methods.keys import TEMPLATE, own_names, released_names


def test_names_and_shapes_of_the_official_size(reference):
    official = json.loads((reference / "golden" / "fcid" / "state_dict_keys.json").read_text())["modules"]
    with torch.device("meta"):
        ours = {k: list(v.shape) for k, v in build("fcid", {"variant": "release"}).state_dict().items()}
    for module, table in (("Encoder", ENCODER), ("Decoder", DECODER), ("CPC", CPC)):
        keys = {k: list(shape) for k, shape in entries(official[module]) if TEMPLATE not in k}
        found = {k: v for k, v in released_names(ours, table).items() if k != "Cross_quantizer_coarse.hits"}
        assert found == keys
    assert set(own_names({"video/p_mu.0.bias": 0}, CLUBS)) == {"clubs.video.p_mu.0.bias"}


def entries(module):
    """(key, shape) pairs of one module of the key list, stored as a mapping or as a list."""
    return (
        module.items()
        if isinstance(module, dict)
        else [(e["key"], e["shape"]) if isinstance(e, dict) else (e[0], e[1]) for e in module]
    )


def test_unknown_released_name():
    with pytest.raises(KeyError, match="no name of a parameter"):
        own_names({"x_encoder.weight": 0}, ENCODER)
