"""Released checkpoints put together from the reference folder: state dictionaries, key lists and codes of the released
code."""

import json

import pytest
import torch

from cmg.methods import build
from cmg.methods.keys import TEMPLATE
from cmg.released import checkpoints as released
from cmg.train import checkpoint
from tests.methods.reference import load, under

PARTS = {
    "Encoder": "Encoder_parameters",
    "Decoder": "Decoder_parameters",
    "CPC": "CPC_parameters",
    "Text_ar_lstm": "Text_ar_lstm_parameters",
}


def fcid(golden):
    return {"Encoder_parameters": load(golden / "fcid", "encoder_state_small")}


def dcid(golden):
    files = {
        "Encoder_parameters": "encoder",
        "CPC_parameters": "cpc",
        "Text_ar_lstm_parameters": "text_lstm",
        "Decoder_parameters": "decoder",
    }
    files |= {f"{m.capitalize()}_mi_net_parameters": f"club_{m}" for m in ("audio", "video", "text")}
    return {module: load(golden / "dcid", f"state_{name}") for module, name in files.items()}


def codaar(golden, setting="avt"):
    arrays = load(golden / "codaar", f"{setting}_small_weights")
    parts = {module: under(arrays, f"{part}.") or under(arrays, f"{part}AV.") for part, module in PARTS.items()}
    return {module: state for module, state in parts.items() if state}


def codaar_av(golden):
    return codaar(golden, "av")


def put_together(modules, folder):
    """A file as released: float64."""
    content = {
        m: {k: v.double() if v.is_floating_point() else v for k, v in state.items()} for m, state in modules.items()
    }
    torch.save({**content, "epoch": 5, "total_step": 2550}, folder / "released.pt")
    return folder / "released.pt", content


@pytest.mark.parametrize("make", [fcid, dcid, codaar, codaar_av], ids=lambda make: make.__name__)
def test_state_dictionaries_of_the_release_round_trip(make, reference, tmp_path):
    name = make.__name__.removesuffix("_av")
    path, content = put_together(make(reference / "golden"), tmp_path)
    about, tensors = released.convert(name, released.read(name, path), {"variant": "release"})
    assert {x.dtype for x in tensors.values()} <= {torch.float32, torch.int64}
    checkpoint.save_tensors(tmp_path / "own", tensors, about)
    released.export(tmp_path / "back.pt", *checkpoint.load(tmp_path / "own"))
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert (back.pop("epoch"), back.pop("total_step")) == (5, 2550) and back.keys() == content.keys()
    for module, state in back.items():
        # template layers have no values in some reference files
        used = {k: v for k, v in state.items() if TEMPLATE not in k}
        expected = {k: v for k, v in content[module].items() if TEMPLATE not in k}
        assert {k: (v.shape, v.dtype) for k, v in used.items()} == {k: (v.shape, v.dtype) for k, v in expected.items()}
        for key, value in used.items():
            torch.testing.assert_close(value, expected[key], rtol=1e-6, atol=1e-12, msg=lambda m, k=key: f"{k}: {m}")


def test_an_imported_fcid_gives_the_released_codes(reference, tmp_path):
    golden = reference / "golden"
    path, _ = put_together(fcid(golden), tmp_path)
    about, tensors = released.convert("fcid", released.read("fcid", path), {"variant": "release"})
    checkpoint.save_tensors(tmp_path / "own", tensors, about)
    method, _ = checkpoint.load(tmp_path / "own")
    inputs, expected = load(golden / "fcid", "inputs"), load(golden / "fcid", "encode_modalities")
    for name in ("audio", "video", "text"):
        indices = method.encode(name, inputs[name].float(), level="step").indices
        assert torch.equal(indices.flatten(), expected[f"{name}_split_idx"].flatten().to(indices.dtype)), name


def official(name, **options):
    """Names and shapes of the released form of our model at the official size."""
    with torch.device("meta"):
        state = build(name, {"variant": "release", **options}).state_dict()
    return {
        module: {key: list(x.shape) for key, x in values.items()}
        for module, values in released.to_released(name, state).items()
    }


def test_names_and_shapes_of_the_official_fcid(reference):
    path = reference / "golden" / "fcid" / "state_dict_keys.json"
    expected = json.loads(path.read_text())["modules"]["Encoder"]
    assert official("fcid") == {"Encoder_parameters": {entry["key"]: entry["shape"] for entry in expected}}


@pytest.mark.parametrize("setting", ["avt", "av"])
def test_names_and_shapes_of_the_official_codaar(setting, reference):
    models = json.loads((reference / "golden" / "codaar" / "state_dicts.json").read_text())["models"]
    found = official("codaar", modalities=setting)
    words = {"encoder": "Encoder_parameters", "decoder": "Decoder_parameters", "cross-CPC": "CPC_parameters"}
    for word, module in words.items():
        title = next(title for title in models if title.startswith(f"{setting.upper()} {word}"))
        assert found[module] == {key: entry["shape"] for key, entry in models[title].items()}, title
    assert {module: len(state) for module, state in found.items()} == (
        {"Encoder_parameters": 147, "CPC_parameters": 30, "Text_ar_lstm_parameters": 16, "Decoder_parameters": 36}
        if setting == "avt"
        else {"Encoder_parameters": 106, "CPC_parameters": 20, "Decoder_parameters": 26}
    )


def test_tensors_of_the_official_dcid():
    """Counts as in the published file: facts on DCID 3.7."""
    counts = {module: len(state) for module, state in official("dcid").items()}
    clubs = {f"{m}_mi_net_parameters": 16 for m in ("Audio", "Video", "Text")}
    assert counts == {
        "Encoder_parameters": 142,
        "CPC_parameters": 30,
        "Text_ar_lstm_parameters": 16,
        "Decoder_parameters": 30,
        **clubs,
    }
