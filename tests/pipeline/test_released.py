"""`<method>.checkpoint`: the pretrain stage imports; the tools inspect, convert and write back."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from cmg.files import file_digest
from cmg.methods import METHODS, build
from cmg.released import checkpoints as released
from cmg.train import checkpoint
from cmg.train.standardise import Standardiser
from pipeline.__main__ import main
from pipeline.params import ParameterError, parse
from pipeline.stages import pretrain
from tests.methods.conftest import SMALL

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = YAML(typ="safe", pure=True).load((REPOSITORY / "params.yaml").read_text())
OPTIONS = {**SMALL, "heads": 4, "variant": "release"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with the repository's code and a released file `FCID.pt`."""
    for name in ("cmg", "pipeline", "params.yaml"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    released.export(
        Path("FCID.pt"), build("fcid", OPTIONS), {"method": "fcid", "pretrain": {"epochs": 4}, "steps": 2000}
    )
    return tmp_path


def run(**section):
    params = parse({**SHIPPED, "fcid": {"variant": "release", "checkpoint": "FCID.pt", **section}}, list(METHODS))
    pretrain.run(argparse.Namespace(method="fcid", seed=7), params)


def test_the_stage_imports_instead_of_training(project, capsys):
    run(checkpoint_sha256=file_digest(Path("FCID.pt")))
    folder = project / "data/checkpoints/fcid-7"
    assert {file.name for file in folder.iterdir()} == {
        *("model.safetensors", "checkpoint.json", "statistics.safetensors", "history.csv", "codebook.csv")
    }
    method, about = checkpoint.load(folder)
    torch.manual_seed(0)
    original, own = build("fcid", OPTIONS).state_dict(), method.state_dict()
    assert all(
        torch.equal(x, own[key]) for key, x in original.items() if key.startswith(("encoder.", "quantizer.embedding"))
    )
    assert about["seed"] == 7 and about["config"]["specific_channels"] == SMALL["specific_channels"]
    receipt = json.loads((project / "receipts/pretrain/fcid-7.json").read_text())
    assert receipt["inputs"] == {"FCID.pt": file_digest(Path("FCID.pt"))}
    assert "imported from FCID.pt" in capsys.readouterr().out


def test_a_checkpoint_is_never_without_its_statistics(project, monkeypatch):
    def killed(folder, tensors, about):
        assert (folder / "statistics.safetensors").is_file() and not (folder / "checkpoint.json").exists()
        raise InterruptedError

    monkeypatch.setattr(checkpoint, "save_tensors", killed)
    with pytest.raises(InterruptedError):
        run()


def test_another_file_than_the_pinned_one_is_an_error(project):
    with pytest.raises(
        ParameterError, match="fcid.checkpoint_sha256: expected 0{64}, found .*import-checkpoint fcid FCID.pt"
    ):
        run(checkpoint_sha256="0" * 64)


def test_without_a_pin_it_is_said(project, capsys):
    run()
    shown = capsys.readouterr().out
    assert "fcid.checkpoint_sha256: not set" in shown and file_digest(Path("FCID.pt")) in shown


def test_what_cannot_be_imported_is_an_error_of_the_parameter(project):
    with pytest.raises(ParameterError, match="params.yaml: fcid.checkpoint: no file gone.pt"):
        run(checkpoint="gone.pt")
    with pytest.raises(ParameterError, match="params.yaml: fcid.checkpoint: .*variant 'paper'"):
        run(variant="paper")
    Path("FCID.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(
        ParameterError, match="params.yaml: fcid.checkpoint: FCID.pt: expected a file written by torch.save"
    ):
        run()


def test_the_tools_inspect_convert_and_write_back(project, capsys):
    assert main(["import-checkpoint", "fcid", "FCID.pt", "--out", "own"]) == 0
    shown = capsys.readouterr().out
    assert (
        "epoch 3, total_step 2000" in shown
        and "Encoder_parameters: 116 tensors" in shown
        and "specific_channels 4" in shown
    )
    assert f"  checkpoint_sha256: {file_digest(Path('FCID.pt'))}" in shown
    assert main(["export-checkpoint", "own", "back/FCID.pt"]) == 0
    before, after = (torch.load(path, weights_only=True) for path in ("FCID.pt", "back/FCID.pt"))
    assert before.keys() == after.keys() and before["epoch"] == after["epoch"] == 3
    assert all(torch.equal(x, after["Encoder_parameters"][key]) for key, x in before["Encoder_parameters"].items())


def test_a_model_of_standardised_features_has_no_released_form(project, capsys):
    assert main(["import-checkpoint", "fcid", "FCID.pt", "--out", "own"]) == 0
    ones = np.ones(128, np.float32)
    Standardiser({"audio": ones}, {"audio": ones}).save(Path("own"))
    assert main(["export-checkpoint", "own", "back/FCID.pt"]) == 1
    assert "standardised features" in capsys.readouterr().out and not Path("back/FCID.pt").exists()


def test_the_tools_say_what_is_wrong(project, capsys):
    assert main(["import-checkpoint", "codaar", "FCID.pt"]) == 1
    assert "missing" in capsys.readouterr().out
    assert main(["import-checkpoint", "fcid", "gone.pt"]) == 1
    assert main(["export-checkpoint", "fcid-0", "x.pt"]) == 1
    assert "no checkpoint; run: dvc repro" in capsys.readouterr().out
    assert main(["import-checkpoint", "fcid", "FCID.pt", "--out", "cmg"]) == 1
    assert "exists already" in capsys.readouterr().out
