"""Encoding stores: row order, one code per clip from the clip's own seconds, and text by its words."""

import numpy as np
import torch

from cmg.methods.base import Codes, Method
from cmg.train.encode import encode_store
from cmg.train.standardise import Standardiser
from tests.train.conftest import ArrayStore

CPU = torch.device("cpu")


class Echo(Method):
    """Vectors that show what the encoder was given: the features, or their mean over time."""

    def encode(self, modality, features, mask=None, level=None):
        assert not self.training
        if mask is not None:
            features = features * mask[..., None]
        return Codes(vectors=features.mean(dim=1, keepdim=True) if level == "clip" else features)


def store(valid):
    return ArrayStore(np.random.default_rng(0).normal(size=(len(valid), 10, 3)).astype(np.float32), np.array(valid))


def test_seconds_past_the_last_repeat_it():
    held = store([10, 3, 0, 10, 7])
    codes = encode_store(Echo(), held, "audio", CPU, Standardiser(), batch_size=2)
    np.testing.assert_array_equal(codes.vectors[3], held.features[3])
    np.testing.assert_array_equal(codes.vectors[1, 3:], np.repeat(held.features[1, 2:3], 7, axis=0))
    np.testing.assert_array_equal(codes.valid, held.valid)


def test_one_code_per_clip_comes_from_its_own_seconds():
    held = store([10, 3, 0, 10, 7, 1, 3])
    codes = encode_store(Echo(), held, "audio", CPU, Standardiser(), batch_size=2, clip_level=True)
    assert codes.vectors.shape == (7, 1, 3)
    for row, seconds in enumerate(held.valid):
        if seconds:
            np.testing.assert_allclose(codes.vectors[row, 0], held.features[row, :seconds].mean(axis=0), rtol=1e-5, atol=1e-6)


def test_text_keeps_its_mask():
    held = store([10, 4])
    codes = encode_store(Echo(), held, "text", CPU, Standardiser(), clip_level=True)
    np.testing.assert_allclose(codes.vectors[1, 0], held.features[1, :4].sum(axis=0) / 10, rtol=1e-5, atol=1e-6)
