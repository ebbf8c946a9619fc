"""CPC between all modalities and over several seconds, against NumPy loops."""

import numpy as np
import pytest
import torch

from cmg.losses.cpc import cross_cpc


def log_softmax(x):
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


@pytest.mark.parametrize("candidates", ["targets", "predictions"])
@pytest.mark.parametrize("names", [("audio", "video", "text"), ("video", "audio")])
def test_sum_over_ordered_pairs_mean_over_horizon_and_clips(names, candidates):
    g = torch.Generator().manual_seed(0)
    predictions, targets = (
        {m: torch.randn(2, 4, 3, generator=g, dtype=torch.float64) for m in names} for _ in range(2)
    )
    expected = 0.0
    for source in names:
        for target in names:
            weight = 0.1 if source == target else 1.0
            for h in range(2):
                p, t = predictions[source][h].numpy(), targets[target][h].numpy()
                for i in range(4):
                    scores = t @ p[i] if candidates == "targets" else p @ t[i]
                    expected -= weight * log_softmax(scores)[i] / (4 * 2)
    found = cross_cpc(predictions, targets, self_weight=0.1, candidates=candidates)
    assert float(found) == pytest.approx(expected, rel=1e-12)
    without = cross_cpc({"audio": predictions["audio"]}, {"audio": targets["audio"]}, 0.0)
    assert without == 0
