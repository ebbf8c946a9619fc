"""Encoding stores: row order, one code per clip from the clip's own seconds, and text by its words."""

import numpy as np
import pytest
import torch

from cmg.methods import build
from cmg.methods.base import Method
from cmg.methods.types import Codes
from cmg.train.encode import encode_draws, encode_store, encode_whole, time_bridge
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
            np.testing.assert_allclose(
                codes.vectors[row, 0], held.features[row, :seconds].mean(axis=0), rtol=1e-5, atol=1e-6
            )


def test_text_keeps_its_mask():
    held = store([10, 4])
    codes = encode_store(Echo(), held, "text", CPU, Standardiser(), clip_level=True)
    np.testing.assert_allclose(codes.vectors[1, 0], held.features[1, :4].sum(axis=0) / 10, rtol=1e-5, atol=1e-6)


class Vectors(Method):
    def encode(self, modality, features, mask=None, level=None):
        return Codes(vectors=features)


class Dropping(Method):
    """Indices that dropout changes: the largest channel of those left."""

    def encode(self, modality, features, mask=None, level=None):
        return Codes(indices=torch.nn.functional.dropout(features, 0.5, self.training).argmax(-1, keepdim=True))


def test_draws_differ_by_dropout_alone_and_come_again():
    held, method = store([10, 10, 4]), Dropping()
    draws = [encode_draws(method, held, "audio", CPU, Standardiser(), 5, seed, batch_size=2) for seed in (1, 1, 2)]
    assert draws[0].shape == (5, 3, 10, 1) and draws[0].dtype == np.int16
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any() and (draws[0][0] != draws[0][1]).any()
    assert not method.training
    plain = encode_store(method, held, "audio", CPU, Standardiser()).indices
    assert 0.3 < (draws[0] == plain).mean() < 0.9


def test_a_method_without_a_codebook_has_no_draws():
    with pytest.raises(ValueError, match="Vectors has no codebook"):
        encode_draws(Vectors(), store([10]), "audio", CPU, Standardiser(), 1, 0)


def test_pooling_once_changes_no_draw():
    """The same draws as encoding batch by batch with nothing shared; the maps are pooled once per batch, and again
    afterwards."""
    torch.manual_seed(0)
    small = {
        "codebook_size": 12,
        "embedding_dim": 8,
        "specific_channels": 4,
        "decoder_channels": 8,
        "heads": 2,
        "feedforward": 16,
    }
    method = build("fcid", small)
    held = ArrayStore(np.random.default_rng(1).normal(size=(3, 10, 7, 7, 512)).astype(np.float32), np.full(3, 10))
    pooled = []
    method.encoder.pool.register_forward_hook(lambda module, inputs, output: pooled.append(output))
    draws = encode_draws(method, held, "video", CPU, Standardiser(), 4, seed=5)
    assert len({id(output) for output in pooled}) == 1 and "forward" not in vars(method.encoder.pool)
    method.train()
    torch.manual_seed(5)
    with torch.inference_mode():
        expected = [method.encode("video", torch.from_numpy(held.features)).indices for _ in range(4)]
    np.testing.assert_array_equal(draws, np.stack(expected))
    assert len({id(output) for output in pooled}) == 5


def test_only_as_much_is_read_as_asked_for():
    held = store([10, 3, 0, 10, 7])
    short = ArrayStore(held.features[:, :4], np.minimum(held.valid, 4))
    for modality in ("audio", "text"):
        found, expected = (
            encode_store(Echo(), s, modality, CPU, Standardiser(), clip_level=True, most=4) for s in (held, short)
        )
        np.testing.assert_array_equal(found.vectors, expected.vectors)
        np.testing.assert_array_equal(found.valid, expected.valid)


class Summing(Method):
    """The code of a second counts how many seconds of zeros and of other values stand beside it: attention without a
    mask."""

    def encode(self, modality, features, mask=None, level=None):
        if level == "sentence":
            return Codes(indices=mask.sum(dim=1, keepdim=True).unsqueeze(-1))
        zero = (features == 0).all(dim=-1).sum(dim=1, keepdim=True)
        return Codes(indices=(100 * zero + features.shape[1]).expand(-1, features.shape[1]).unsqueeze(-1))


def test_whole_clips_are_filled_up_with_zeros_that_take_part():
    held, lengths = store([10, 3, 0, 10, 7]), np.array([10, 7, 0, 0, 8])
    shifted = Standardiser({"audio": np.ones(3, np.float32)}, {"audio": np.full(3, 2, np.float32)})
    for standardise in (Standardiser(), shifted):  # zeros are what the encoder gets
        whole = encode_whole(Summing(), held, "audio", CPU, standardise, lengths, batch_size=2)
        assert whole.valid.tolist() == [10, 3, 0, 0, 7] and whole.indices.shape == (5, 10, 1)
        assert whole.indices[0, 0, 0] == 10 and whole.indices[1, 0, 0] == 407 and whole.indices[4, 6, 0] == 108
        assert not whole.indices[3].any()
    text = encode_whole(Summing(), held, "text", CPU, Standardiser(), held.valid)
    assert text.indices[:, 0, 0].tolist() == [10, 3, 0, 10, 7] and text.valid.tolist() == [1, 1, 0, 1, 1]


class Echoing(torch.nn.Module):
    """A temporal block that shows what it is given, in training mode and out of it."""

    def forward(self, x):
        return x


class Bridged(Method):
    """The index of the largest channel of what the temporal block is given."""

    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Module()
        self.encoder.temporal = torch.nn.ModuleDict({"audio": Echoing(), "text": Echoing()})

    def encode(self, modality, features, mask=None, level=None):
        return Codes(indices=self.encoder.temporal[modality](features).argmax(-1, keepdim=True))


@pytest.mark.parametrize(("modality", "slots"), [("audio", 5), ("text", 10)])
def test_a_bridge_mixes_seconds_before_the_temporal_block(modality, slots):
    features = np.random.default_rng(1).normal(size=(4, slots, 6)).astype(np.float32)
    held, method = ArrayStore(features, np.full(4, slots)), Bridged()
    draws = encode_draws(method, held, modality, CPU, Standardiser(), 2, seed=3, bridge=time_bridge(3))
    layer = time_bridge(3)
    repeated = torch.from_numpy(features).repeat(1, 10 // slots, 1)
    expected = torch.einsum("ts,bsc->btc", layer.weight, repeated) + layer.bias[None, :, None]
    assert draws.shape == (2, 4, 5, 1)
    np.testing.assert_array_equal(draws[0, ..., 0], expected.argmax(-1))
    plain = encode_draws(method, held, modality, CPU, Standardiser(), 1, seed=3)
    assert plain.shape == (1, 4, slots, 1), "without a bridge nothing is mixed, and none stays behind"
    assert not torch.equal(time_bridge(4).weight, layer.weight)
