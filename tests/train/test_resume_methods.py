"""Real methods, killed after a saved step, go on to the same bits: queues, codebook counts and optimisers are part of
the state."""

import numpy as np
import pytest
import torch

from cmg.methods import build
from cmg.train.data import PairedFeatures
from cmg.train.loop import TrainOptions, train
from tests.methods.conftest import SMALL
from tests.train.conftest import ArrayStore, Killed, kill_at

CLIPS = 6
METHODS = {
    "fcid": {},
    "fcid release": {"variant": "release"},
    "dcid": {},
    "codaar": {},
    "codaar release": {"variant": "release"},
    "micu": {},
    "cmcm": {},
    "simmmdg": {},
    "codis": {"queue": 5},
    "turn": {},
}


@pytest.fixture(scope="module")
def features() -> PairedFeatures:
    rng = np.random.default_rng(0)
    shapes = {"audio": (4, 128), "video": (4, 7, 7, 512), "text": (4, 768)}
    stores = {
        name: ArrayStore(rng.random((CLIPS, *shape), dtype=np.float32), np.full(CLIPS, shape[0]))
        for name, shape in shapes.items()
    }
    return PairedFeatures(**stores, clips=np.arange(CLIPS), sentences=np.arange(CLIPS), device=torch.device("cpu"))


def fresh(name):
    torch.manual_seed(0)
    return build(name.partition(" ")[0], {**SMALL, "layers": 1, **METHODS[name]})


@pytest.mark.parametrize(
    ("name", "precision"),
    [*((name, "float32") for name in METHODS), *((name, "bfloat16") for name in ("fcid", "codaar", "codis"))],
)
def test_a_killed_run_ends_in_the_same_bits(features, tmp_path, name, precision):
    options = TrainOptions(epochs=2, batch_size=2, precision=precision, save_every=2, save_seconds=0)
    whole, again, steps = fresh(name), fresh(name), []
    expected = train(whole, features, options, tmp_path / "a.pt", "k")
    with pytest.raises(Killed):
        train(fresh(name), features, options, tmp_path / "b.pt", "k", kill_at(5))
    done = train(again, features, options, tmp_path / "b.pt", "k", lambda step, total, row: steps.append(step))
    assert steps == [5, 6] and done.history == expected.history and done.health == expected.health
    for key, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[key]), key
