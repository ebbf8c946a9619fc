"""A tiny method and in-memory features."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from cmg.methods.base import Method
from cmg.methods.types import Codes, Draws, LossTerms
from cmg.train.data import PairedFeatures


class TinyMethod(Method):
    """Linear audio encoder with dropout, a variational net, and a buffer that training changes."""

    inner_steps = 2

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(128, 4), nn.Dropout(0.5))
        self.club = nn.Linear(4, 4)
        self.register_buffer("seen", torch.zeros(()))
        self.finished = 0

    def draw(self, generator, batch_size, seconds):
        return Draws(permutations={"audio": torch.randperm(batch_size, generator=generator)})

    def variational_modules(self):
        return (self.club,)

    def loss(self, batch, draws, fit):
        feature = self.encoder(batch.audio)
        self.seen += batch.size
        fit(lambda: (self.club(feature.detach()) - batch.audio[..., :4]).square().mean())
        shuffled = batch.audio[draws.permutations["audio"]]
        return LossTerms(
            {"recon": (feature - batch.audio[..., :4]).square().mean(), "pair": (feature * shuffled[..., :4]).mean()},
            {"seen": self.seen.clone()},
        )

    def encode(self, modality, features, mask=None):
        return (
            Codes(indices=self.encoder(features).argmax(-1, keepdim=True))
            if modality == "audio"
            else Codes(vectors=features.flatten(2))
        )

    def finish(self, batches):
        self.finished = sum(batch.size for batch in batches)


@dataclass
class ArrayStore:
    """The reading side of a feature store, in memory."""

    features: np.ndarray
    valid: np.ndarray

    def read(self, rows):
        return self.features[rows]


class Killed(Exception):
    """Stands for SIGKILL."""


def kill_at(step):
    """A `progress` that raises `Killed` when `step` steps are done."""

    def progress(done, total, row):
        if done == step:
            raise Killed

    return progress


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return TinyMethod()


@pytest.fixture
def paired():
    rng = np.random.default_rng(0)
    audio = ArrayStore(rng.normal(size=(9, 10, 128)).astype(np.float32), np.full(9, 10))
    video = ArrayStore(rng.normal(size=(9, 10, 7, 7, 2)).astype(np.float16), np.full(9, 10))
    text = ArrayStore(rng.normal(size=(3, 5, 8)).astype(np.float32), np.array([5, 2, 4]))
    return PairedFeatures(
        audio, video, text, np.array([0, 2, 3, 5, 6, 7, 8]), np.array([0, 1, 2, 0, 1, 2, 0]), torch.device("cpu")
    )
