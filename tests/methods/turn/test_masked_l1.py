"""Distance at hidden seconds alone."""

import torch

from cmg.methods.turn.masked_l1 import masked_l1


def test_written_out():
    g = torch.Generator().manual_seed(0)
    x, y = (torch.randn(3, 4, 5, generator=g, dtype=torch.float64) for _ in range(2))
    keep = torch.rand(3, 4, generator=g) > 0.5
    hidden = [(b, t) for b in range(3) for t in range(4) if not keep[b, t]]
    expected = sum(abs(x[b, t] - y[b, t]).sum() / 5 for b, t in hidden) / len(hidden)
    torch.testing.assert_close(masked_l1(x, y, keep), expected)


def test_nothing_hidden_costs_nothing():
    x = torch.randn(2, 3, 4, requires_grad=True)
    loss = masked_l1(x, torch.zeros(2, 3, 4), torch.ones(2, 3, dtype=torch.bool))
    loss.backward()
    assert loss == 0 and torch.isfinite(x.grad).all()
