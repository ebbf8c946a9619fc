"""Codebook health of every method: one row per epoch, the same after a kill in mid-epoch."""

import numpy as np
import pytest
import torch

from cmg.methods import METHODS, build
from cmg.train.data import PairedFeatures
from cmg.train.history import health_csv
from cmg.train.loop import TrainOptions, train
from cmg.train.state import Progress
from tests.methods.conftest import SMALL
from tests.train.conftest import ArrayStore, Killed, kill_at

OPTIONS = TrainOptions(epochs=2, batch_size=2, seed=5, save_every=1, save_seconds=0)
STEPS = 6


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    audio = ArrayStore(rng.normal(size=(6, 5, 128)).astype(np.float32), np.full(6, 5))
    video = ArrayStore(rng.normal(size=(6, 5, 7, 7, 512)).astype(np.float16), np.full(6, 5))
    text = ArrayStore(rng.normal(size=(3, 5, 768)).astype(np.float32), np.array([5, 2, 4]))
    return PairedFeatures(audio, video, text, np.arange(6), np.array([0, 1, 2, 0, 1, 2]), torch.device("cpu"))


def fresh(name):
    torch.manual_seed(0)
    return build(name, SMALL)


@pytest.mark.parametrize("name", METHODS)
def test_health_per_epoch(name, features, tmp_path):
    method = fresh(name)
    done = train(method, features, OPTIONS, tmp_path / "w.pt", "k")
    expected = {"infonce_kmeans": [2], "simmmdg": []}  # a codebook fitted afterwards, and none
    assert [row["epoch"] for row in done.health] == expected.get(name, [1, 2])
    for row in done.health:
        assert sum(row[f"shared/{n}"] for n in range(4)) == pytest.approx(1)
        for m in ("audio", "video", "text"):
            assert row[f"dead/{m}"] == pytest.approx(12 * (1 - row[f"usage/{m}"]), abs=1e-4)
            assert 1 <= row[f"perplexity/{m}"] <= 12
        assert 1 <= row["effective_rank"] <= 11
    assert method.health() == {}
    lines = health_csv(done).splitlines()
    assert len(lines) == len(done.health) + 1
    assert (
        lines == ["epoch"]
        or lines[0].startswith("epoch,usage/")
        and lines[0].endswith("shared/2,shared/3,effective_rank")
    )


@pytest.mark.parametrize("killed_at", [2, 3, 4])
def test_a_kill_in_mid_epoch_changes_nothing(features, tmp_path, killed_at):
    whole = train(fresh("codaar"), features, OPTIONS, tmp_path / "a.pt", "k")
    with pytest.raises(Killed):
        train(fresh("codaar"), features, OPTIONS, tmp_path / "b.pt", "k", kill_at(killed_at))
    again = train(fresh("codaar"), features, OPTIONS, tmp_path / "b.pt", "k")
    assert len(whole.history) == STEPS and health_csv(again) == health_csv(whole)


def test_an_unhealthy_epoch_is_one_line(features, tmp_path, monkeypatch):
    seen = []

    def judge(history, health):
        seen.append((len(history["total"]), list(history)[:2], health["epoch"]))
        return ["a is bad (try b)", "c is worse (try d)"] if len(seen) == 2 else []

    monkeypatch.setattr("cmg.train.loop.unhealthy", judge)
    said = []
    train(fresh("codaar"), features, OPTIONS, tmp_path / "w.pt", "k", warn=said.append)
    assert seen == [(3, ["step", "epoch"], 1), (6, ["step", "epoch"], 2)]
    assert said == ["epoch 2: a is bad (try b); c is worse (try d)"]


def test_without_a_codebook_there_is_a_header_alone():
    assert health_csv(Progress()) == "epoch\n"
