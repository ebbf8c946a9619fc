"""Standardisation by the training clips."""

import numpy as np
import pytest
import torch

from cmg.train.standardise import Standardiser
from tests.train.conftest import ArrayStore

STANDARDISED = {"pretrain": {"standardise": True}}


def store():
    features = np.random.default_rng(0).normal(3, 2, size=(6, 10, 7, 7, 4)).astype(np.float16)
    features[5] = 1000
    return ArrayStore(features, np.array([10, 10, 4, 10, 10, 10]))


def test_training_clips_get_zero_mean_and_unit_variance_per_channel():
    s = store()
    s.features[2, 4:] = 500
    fitted = Standardiser.fit({"video": s}, {"video": np.arange(5)})
    out = fitted("video", torch.from_numpy(s.features)).numpy()
    assert out.dtype == np.float32
    valid = np.concatenate([out[row, : s.valid[row]].reshape(-1, 4) for row in range(5)])
    np.testing.assert_allclose(valid.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(valid.std(0), 1, atol=1e-3)


def test_a_modality_without_statistics_is_left_as_it_is():
    x = torch.ones(1, 2, 3, dtype=torch.float16)
    out = Standardiser()("audio", x)
    assert out.dtype == torch.float32 and torch.equal(out, x.float())


def test_round_trip(tmp_path):
    fitted = Standardiser.fit({"video": store()}, {"video": np.arange(5)})
    fitted.save(tmp_path / "trained")
    back = Standardiser.load(tmp_path / "trained", STANDARDISED)
    assert np.array_equal(back.mean["video"], fitted.mean["video"]) and np.array_equal(
        back.scale["video"], fitted.scale["video"]
    )
    Standardiser().save(tmp_path / "plain")
    assert Standardiser.load(tmp_path / "plain", {"pretrain": {"standardise": False}}) == Standardiser()


def test_statistics_that_are_gone_are_an_error_unless_there_never_were_any(tmp_path):
    with pytest.raises(FileNotFoundError, match="statistics.safetensors: no such file, .*dvc repro pretrain"):
        Standardiser.load(tmp_path, STANDARDISED)
    assert Standardiser.load(tmp_path, {"released": {}}) == Standardiser()
