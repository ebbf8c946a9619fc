"""The rehearsal, narrow and short: what it prints and measures, and that it tells a run that diverges from one that
does not."""

import json

import pytest

from benchmarks import rehearsal
from cmg.methods import build

NARROW = ["specific_channels=8", "decoder_channels=8", "codebook_size=24", "embedding_dim=16", "feedforward=16"]
SHORT = ["--steps", "3", "--batch-size", "4", "--classes", "2", "--no-control", "--precision", "float32"]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(rehearsal, "LABELLED", 3)
    monkeypatch.setattr(rehearsal, "UNSEEN", 2)
    monkeypatch.setattr("benchmarks.simulated.CALIBRATION", 8)


def rehearse(monkeypatch, tmp_path, *words, options=NARROW):
    out = tmp_path / "runs.jsonl"
    monkeypatch.setattr("sys.argv", ["rehearsal", *words, *SHORT, "--out", str(out), "--set", *options])
    rehearsal.main()
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_curves_gradients_codes_and_accuracies(monkeypatch, tmp_path, capsys):
    (run,) = rehearse(monkeypatch, tmp_path, "fcid", "--seeds", "3")
    assert [line["step"] for line in run["lines"]] == [1, 2, 3] and len(run["losses"]) == run["steps"] == 3
    last = run["lines"][-1]
    assert last["gradients"].keys() == last["losses"].keys() and last["gradients"]["cpc"] > 0
    assert last["codes"]["effective_rank"] > 1 and run["accuracy"].keys() == {"vv", "va", "av", "aa"}
    assert all(0 <= value <= 100 for value in run["accuracy"].values())
    said = capsys.readouterr().out
    assert "infonce" in said and "perplexity" in said and "chance 50.0" in said


def test_a_method_without_a_codebook(monkeypatch, tmp_path):
    (run,) = rehearse(monkeypatch, tmp_path, "simmmdg", options=[*NARROW, "hidden=16"])
    assert run["lines"][-1]["codes"] == {} and run["accuracy"]["aa"] >= 0


def test_a_run_that_diverges_is_broken_off_and_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(rehearsal, "DIVERGED", 1.0)
    (run,) = rehearse(monkeypatch, tmp_path, "fcid")
    assert run["steps"] == 1 and run["accuracy"] == {} and "diverged at step 1" in capsys.readouterr().out


def test_probing_gradients_leaves_the_method_as_it_was():
    method = build("fcid", {"specific_channels": 8, "decoder_channels": 8, "codebook_size": 24})
    with rehearsal.gradients(method, True):
        assert "loss" in vars(method)
    assert "loss" not in vars(method)
