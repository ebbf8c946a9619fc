"""CPC against Eq. 13 written out in NumPy, and against the released values for every second."""

import numpy as np
import pytest
import torch

from cmg.losses.cpc import cpc
from cmg.methods.fcid.keys import CPC
from cmg.methods.keys import own_names
from cmg.nn.predictive import PredictiveNets
from tests.methods.reference import accuracy_by_target


def written_out(predictions, targets):
    """-1/R sum_r mean_i log softmax over the candidate clips at the own clip."""
    horizon, clips = predictions.shape[:2]
    loss = 0.0
    for r in range(horizon):
        for i in range(clips):
            scores = np.array([targets[r, j] @ predictions[r, i] for j in range(clips)])
            loss -= (scores[i] - np.log(np.exp(scores).sum())) / (horizon * clips)
    return loss


@pytest.mark.parametrize("horizon", [1, 3])
def test_equation_13(horizon):
    g = torch.Generator().manual_seed(0)
    predictions, targets = (torch.randn(horizon, 4, 5, generator=g, dtype=torch.float64) for _ in range(2))
    assert cpc(predictions, targets).item() == pytest.approx(
        written_out(predictions.numpy(), targets.numpy()), rel=1e-12
    )
    swapped = written_out(targets.numpy(), predictions.numpy())
    assert cpc(predictions, targets, "predictions").item() == pytest.approx(swapped, rel=1e-12)


def test_the_own_clip_is_the_positive():
    targets = torch.eye(3)[None]
    assert cpc(10 * targets, targets).item() < 1e-3 < cpc(10 * targets.flip(1), targets).item()


def test_chance_value_of_equal_candidates():
    assert cpc(torch.zeros(2, 8, 4), torch.randn(2, 8, 4)).item() == pytest.approx(np.log(8), rel=1e-6)


def test_reference_values_at_every_second(golden):
    cases = golden("cpc_infonce")
    nets = PredictiveNets(("video", "audio"), 256, layers=2, horizon=1, bias=True).double()
    nets.load_state_dict({k.removeprefix("predictive."): v for k, v in own_names(golden("cpc_state"), CPC).items()})
    # target, prediction
    pairs = (("video", "audio", 1.0), ("audio", "video", 1.0), ("video", "video", 0.1), ("audio", "audio", 0.1))
    for row, step in zip(cases["cpc"], range(1, 9), strict=True):
        predictions = {m: nets(m, cases[m], step) for m in ("video", "audio")}
        targets = {m: nets.targets(cases[m], step) for m in ("video", "audio")}
        loss = sum(w * cpc(predictions[p], targets[t], "predictions") for t, p, w in pairs)
        torch.testing.assert_close(loss.detach(), row[4], rtol=1e-10, atol=0)
        found = [accuracy_by_target(predictions[p], targets[t]) for t, p, _ in pairs]
        torch.testing.assert_close(torch.stack(found).double(), row[:4], rtol=1e-6, atol=0)
