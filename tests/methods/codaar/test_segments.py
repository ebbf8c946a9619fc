import numpy as np
import pytest
import torch

from cmg.methods.codaar.segments import segment_contrast


def test_mean_over_pairs_against_numpy():
    parts = list(np.random.default_rng(0).normal(size=(3, 4, 2)))
    expected = 0.0
    for a, b in ((0, 1), (0, 2), (1, 2)):
        x, y = (p / np.linalg.norm(p, axis=1, keepdims=True) for p in (parts[a], parts[b]))
        scores = np.exp(x @ y.T / 0.1)
        expected -= np.log(np.diag(scores) / scores.sum(axis=1)).mean() / 3 * 0.5
    assert float(segment_contrast([torch.from_numpy(p) for p in parts])) == pytest.approx(expected, rel=1e-12)
    same = [torch.eye(4)] * 2
    assert segment_contrast(same) < 1e-3
