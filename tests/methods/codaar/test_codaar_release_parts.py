"""CoDAAR, `variant: release`: CPC alone, names, shapes and numbers of parameters, against the released code."""

import json

import pytest
import torch

from cmg.losses.cpc import cross_cpc
from cmg.methods import build
from cmg.methods.codaar.keys import CPC, DECODER, ENCODER, TEXT, split_counts
from cmg.methods.keys import TEMPLATE, own_names, released_names
from cmg.nn.predictive import PredictiveNets
from tests.methods.reference import accuracy_by_prediction, close, load, under

PARTS = {"Encoder": ENCODER, "Decoder": DECODER, "CPC": CPC, "Text_ar_lstm": TEXT}


@pytest.fixture
def folder(reference):
    return reference / "golden" / "codaar"


@pytest.mark.parametrize("setting", ["avt", "av"])
@pytest.mark.parametrize(("horizon", "layers"), [(1, 2), (2, 1), (2, 2)])
def test_cross_cpc(folder, setting, horizon, layers):
    arrays = under(load(folder, "cpc"), f"{setting}_H{horizon}_L{layers}/")
    order = ("audio", "video", "text") if setting == "avt" else ("video", "audio")
    nets = PredictiveNets(order, 16, layers, horizon, bias=True).double()
    nets.load_state_dict({k.removeprefix("predictive."): v for k, v in own_names(under(arrays, "w."), CPC).items()})
    z = {m: arrays[f"z_{m[0]}"] for m in order}
    for seed in (1, 2, 3):
        t = int(arrays[f"seed{seed}.t"])
        predictions, targets = {m: nets(m, z[m], t) for m in order}, {m: nets.targets(z[m], t) for m in order}
        found = cross_cpc(predictions, targets, self_weight=0.1, candidates="predictions")
        close({f"seed{seed}.loss": found}, arrays)
        for n, target, context in ((0, order[0], order[1]), (-1, order[-1], order[-1])):
            accuracy = accuracy_by_prediction(predictions[context], targets[target])
            assert float(accuracy) == pytest.approx(float(arrays[f"seed{seed}.acc"][n]))


@pytest.mark.parametrize("setting", ["AVT", "AV"])
def test_names_and_shapes_of_the_official_size(reference, setting):
    models = json.loads((reference / "golden" / "codaar" / "state_dicts.json").read_text())["models"]
    with torch.device("meta"):
        ours = build("codaar", {"variant": "release", "modalities": setting.lower()}).state_dict()
    official = {
        part: next(v for k, v in models.items() if k.startswith(f"{setting} {word}"))
        for part, word in (("Encoder", "encoder"), ("Decoder", "decoder"), ("CPC", "cross-CPC"))
    }
    if setting == "AVT":
        official["Text_ar_lstm"] = models["text BiLSTM (Text_ar_lstm_parameters)"]
    for part, entries in official.items():
        named = released_names(ours, PARTS[part])
        named = split_counts(named) if part == "Encoder" else named
        found = {k: list(v.shape) for k, v in named.items() if not k.endswith((".hits", ".started"))}
        assert found == {k: list(shape_of(v)) for k, v in pairs(entries) if TEMPLATE not in f".{k}"}


def pairs(entries):
    return entries.items() if isinstance(entries, dict) else [(e.get("key", e.get("name")), e) for e in entries]


def shape_of(entry):
    return entry["shape"] if isinstance(entry, dict) else entry


@pytest.mark.parametrize(("setting", "trainable", "template_layers"), [("avt", 75_824_171, 3), ("av", 68_936_605, 2)])
def test_number_of_parameters(setting, trainable, template_layers):
    """As counted for the release, whose temporal modules also hold an untrained template layer of 789,760 parameters
    each."""
    with torch.device("meta"):
        method = build("codaar", {"variant": "release", "modalities": setting})
    assert sum(p.numel() for p in method.parameters()) == trainable - template_layers * 789_760
