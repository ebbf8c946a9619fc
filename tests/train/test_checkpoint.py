"""Checkpoints: deterministic bytes, checked on reading."""

import pytest
import torch

from cmg.train import checkpoint
from tests.train.conftest import TinyMethod

ABOUT = {"method": "tiny", "config": {}, "seed": 1}


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(checkpoint, "build", lambda name, config: TinyMethod())


def test_round_trip_and_same_bytes(tiny, tmp_path):
    checkpoint.save(tmp_path / "a", tiny, ABOUT)
    checkpoint.save(tmp_path / "b", tiny, ABOUT)
    loaded, about = checkpoint.load(tmp_path / "a")
    assert about == ABOUT and not loaded.training
    assert all(torch.equal(tensor, loaded.state_dict()[name]) for name, tensor in tiny.state_dict().items())
    for name in ("model.safetensors", "checkpoint.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_weights_of_another_model_are_refused_by_name(tiny, tmp_path):
    del tiny.club
    tiny.extra = torch.nn.Linear(1, 1)
    checkpoint.save(tmp_path, tiny, ABOUT)
    with pytest.raises(
        ValueError, match=r"missing \['club.bias', 'club.weight'\], unexpected \['extra.bias', 'extra.weight'\]"
    ):
        checkpoint.load(tmp_path)


def test_an_absent_checkpoint_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="dvc repro"):
        checkpoint.load(tmp_path)
