"""Released checkpoints: read, checked, converted and written back; small files made here, without the reference
folder."""

import os
from collections import OrderedDict

import numpy as np
import pytest
import torch

from cmg.methods import build
from cmg.methods.keys import TEMPLATE, released_names
from cmg.released import checkpoints as released
from cmg.released.checkpoints import CheckpointError
from cmg.train import checkpoint
from cmg.train.encode import encode_store
from cmg.train.standardise import Standardiser
from tests.methods.conftest import SMALL
from tests.train.conftest import ArrayStore

SETTINGS = [
    ("fcid", "avt"),
    ("fcid", "av"),
    ("fcid", "at"),
    ("dcid", "avt"),
    ("dcid", "av"),
    ("codaar", "avt"),
    ("codaar", "av"),
]
NEEDED = {"fcid": {}, "dcid": {"text_hidden": 4, "club_hidden": 6}, "codaar": {"text_hidden": 4}}
SECTION = {"variant": "release", "heads": 2}


def model(name, modalities="avt"):
    torch.manual_seed(0)
    method = build(name, {**SMALL, **NEEDED[name], "variant": "release", "modalities": modalities, "dropout": 0.0})
    for buffer in method.quantizer.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(-1, 1)
    return method.eval()


def content_of(name, method):
    """The released file of a method, put together from the tables of names."""
    state = {
        k: v.double() if v.is_floating_point() else v
        for k, v in method.state_dict().items()
        if not k.endswith((".hits", ".started"))
    }
    content = OrderedDict(
        epoch=3, total_step=2000, optimizer={"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 4e-4}]}
    )
    for module, table in released.keys(name).MODULES.items():
        values = OrderedDict(released_names(state, table))
        if name == "codaar" and module == "Encoder_parameters":
            counts = values["Cross_quantizer.ema_count"]
            values |= {
                f"Cross_quantizer.ema_count_{m[0]}": row for m, row in zip(method.modalities, counts, strict=True)
            }
            values["Cross_quantizer.ema_count"] = counts.sum(dim=0)
        values |= {
            k.replace(".encoder.layers.0.", TEMPLATE): torch.randn_like(v)
            for k, v in values.items()
            if ".encoder.layers.0." in k
        }
        if values:
            content[module] = values
    return content


@pytest.fixture
def file_of(tmp_path):
    """file_of(content) -> path of a file written as the authors write theirs."""

    def write(content):
        torch.save(content, tmp_path / "released.pt")
        return tmp_path / "released.pt"

    return write


def imported(name, path, folder, section=SECTION):
    about, tensors = released.convert(name, released.read(name, path), section)
    checkpoint.save_tensors(folder, tensors, about)
    return checkpoint.load(folder)


@pytest.mark.parametrize(("name", "modalities"), SETTINGS)
def test_import_and_export_round_trip(name, modalities, file_of, tmp_path):
    method = model(name, modalities)
    content = content_of(name, method)
    found, about = imported(name, file_of(content), tmp_path / "own")
    own = found.state_dict()
    held = {k: v for k, v in method.state_dict().items() if k not in about["absent"]}
    assert held and all(torch.equal(own[k], v) for k, v in held.items() if not k.endswith((".hits", ".started")))
    assert (
        about["released"]["counters"] == {"epoch": 3, "total_step": 2000}
        and about["config"]["modalities"] == modalities
    )
    released.export(tmp_path / "back.pt", found, about)
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert back.pop("epoch") == 3 and back.pop("total_step") == 2000
    assert back.keys() == content.keys() - {"epoch", "total_step", "optimizer"}
    for module, state in back.items():
        assert {k: (v.shape, v.dtype) for k, v in state.items()} == {
            k: (v.shape, v.dtype) for k, v in content[module].items()
        }
        assert all(torch.equal(v, content[module][k]) for k, v in state.items() if TEMPLATE not in k)


@pytest.mark.parametrize(("name", "modalities"), SETTINGS)
def test_the_encoder_alone_is_enough_for_codes(name, modalities, file_of, tmp_path):
    method = model(name, modalities)
    content = {
        k: v for k, v in content_of(name, method).items() if k in ("Encoder_parameters", "Text_ar_lstm_parameters")
    }
    found, about = imported(name, file_of(content), tmp_path / "own")
    assert any(key.startswith("decoders.") for key in about["absent"])
    store = ArrayStore(np.random.default_rng(0).normal(size=(5, 10, 128)).astype(np.float32), np.full(5, 10))
    codes = [encode_store(m, store, "audio", torch.device("cpu"), Standardiser()).indices for m in (method, found)]
    assert np.array_equal(*codes) and len(np.unique(codes[0])) > 1


@pytest.mark.parametrize("name", released.KEYS)
def test_what_is_missing_extra_or_of_another_shape_is_listed(name, file_of):
    content = content_of(name, model(name))
    state = content["Encoder_parameters"]
    gone, bent = (
        [key for key in state if key.endswith("self_att.affine_matrix.weight")][1],
        "a_self_att" if name == "fcid" else "audio_self_att",
    )
    del state[gone]
    state["another.weight"] = torch.zeros(1)
    state[f"{bent}.encoder.layers.0.norm1.bias"] = torch.zeros(3, dtype=torch.float64)
    with pytest.raises(CheckpointError) as caught:
        released.convert(name, released.read(name, file_of(content)), SECTION)
    lines = str(caught.value).splitlines()
    assert f"  Encoder_parameters: missing {gone}" in lines and "  Encoder_parameters: extra another.weight" in lines
    assert f"  Encoder_parameters: {bent}.encoder.layers.0.norm1.bias: expected floats (8,), found floats (3,)" in lines


@pytest.mark.parametrize("name", ["dcid", "codaar"])
def test_the_text_lstm_is_needed_with_text(name, file_of):
    content = content_of(name, model(name))
    del content["Text_ar_lstm_parameters"]
    with pytest.raises(CheckpointError, match="Text_ar_lstm_parameters: missing"):
        released.convert(name, released.read(name, file_of(content)), {**SECTION, "text_hidden": 4})


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"heads": 2}, "variant 'paper'"),
        ({**SECTION, "codebook_size": 13}, r"codebook_size 13 \(in the file: 12\)"),
        ({**SECTION, "modalities": "AV"}, "modalities 'av'"),
    ],
)
def test_a_section_that_contradicts_the_file_is_named(section, named, file_of):
    with pytest.raises(CheckpointError, match=f"another model than the one asked for: {named}"):
        released.convert("fcid", released.read("fcid", file_of(content_of("fcid", model("fcid")))), section)


def test_options_that_change_no_tensor_may_be_set(file_of, tmp_path):
    path = file_of(content_of("fcid", model("fcid")))
    found, _ = imported(
        "fcid",
        path,
        tmp_path / "own",
        {**SECTION, "mask_text": True, "codebook_size": 12, "tau": None, "modalities": "AVT"},
    )
    assert found.config.mask_text and found.config.specific_channels == SMALL["specific_channels"]


class Runs:
    """Pickles to a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_a_hostile_file_is_refused_and_does_not_run(file_of, tmp_path):
    mark = tmp_path / "ran"
    for hostile in (Runs(os.mkdir, str(mark)), Runs(eval, f"open({str(mark)!r}, 'w')")):
        for content in (
            hostile,
            {"Encoder_parameters": hostile},
            content_of("fcid", model("fcid")) | {"optimizer": hostile},
        ):
            with pytest.raises(CheckpointError, match="refused, nothing in it was run.*it refers to"):
                released.read("fcid", file_of(content))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(1)], "expected a dictionary of state dictionaries, found list"),
        ({"model": {}}, "expected an entry 'Encoder_parameters', found model"),
        ({"Encoder_parameters": [torch.zeros(1)]}, "Encoder_parameters: expected dense tensors by name"),
        ({"Encoder_parameters": {"a": torch.zeros(1).expand(10**12)}}, "expected dense tensors by name"),
        ({"Encoder_parameters": {"a": torch.zeros(2, device="meta")}}, "expected dense tensors by name"),
        ({"Encoder_parameters": {"a": 1}}, "expected dense tensors by name"),
    ],
)
def test_other_content_is_refused(content, message, file_of):
    with pytest.raises(CheckpointError, match=message):
        released.read("dcid", file_of(content))


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "x.pt"
    for data in (b"", b"PK\x03\x04 not a zip", b"\x80\x02."):
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match="expected a file written by torch.save"):
            released.read("fcid", path)
    with pytest.raises(CheckpointError, match="no released checkpoint of 'baseline'"):
        released.read("baseline", path)


def test_numbers_beyond_float32_are_refused(file_of):
    content = content_of("fcid", model("fcid"))
    content["Encoder_parameters"]["va2vat.linear.bias"][0] = 1e300
    with pytest.raises(CheckpointError, match="project.audiovisual.bias holds numbers that are not finite in float32"):
        released.convert("fcid", released.read("fcid", file_of(content)), SECTION)


def test_only_release_models_have_a_released_form(tmp_path):
    for name, options in (("fcid", {}), ("baseline", {})):
        with pytest.raises(CheckpointError, match="with variant: release have a released form"):
            released.export(tmp_path / "x.pt", build(name, SMALL | options), {"method": name})
    trained = {"method": "dcid", "pretrain": {"epochs": 5}, "steps": 40}
    written = released.export(tmp_path / "x.pt", model("dcid"), trained)
    back = torch.load(tmp_path / "x.pt", weights_only=True)
    assert (back["epoch"], back["total_step"]) == (4, 40) and written["Encoder_parameters"] == 142
