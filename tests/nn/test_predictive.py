"""CPC networks: the context sees no future, targets are the following seconds."""

import pytest
import torch

from cmg.nn.predictive import PredictiveNets


def test_context_ends_at_the_step():
    torch.manual_seed(0)
    nets, x = PredictiveNets(("audio",), 4, horizon=2), torch.randn(2, 6, 4)
    changed = x.clone()
    changed[:, 4:] = 9.0
    assert nets("audio", x, 3).shape == (2, 2, 4)
    assert torch.equal(nets("audio", x, 3), nets("audio", changed, 3))
    assert not torch.equal(nets("audio", x, 4), nets("audio", changed, 4))


def test_prediction_written_out():
    nets, x = PredictiveNets(("audio",), 4, horizon=2), torch.randn(3, 5, 4)
    context = nets.lstm["audio"](x)[0][:, 2]
    expected = torch.stack([context @ nets.predictors["audio"][r].weight.T for r in range(2)])
    torch.testing.assert_close(nets("audio", x, 2), expected)


def test_targets():
    nets, x = PredictiveNets(("audio",), 4, horizon=2), torch.randn(2, 6, 4)
    assert torch.equal(nets.targets(x, 3), torch.stack([x[:, 4], x[:, 5]]))
    with pytest.raises(ValueError, match="second 6 lies outside clips of 6 seconds"):
        nets.targets(x, 4)
