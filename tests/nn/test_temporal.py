"""Temporal block: shapes, equivariance, padding."""

import torch

from cmg.nn.temporal import TemporalBlock, masked_mean


def block():
    torch.manual_seed(0)
    return TemporalBlock(5, 8, layers=1, heads=2, hidden=16, dropout=0.0)


def test_order_of_seconds_does_not_matter():
    module, x, order = block(), torch.randn(2, 4, 5), [3, 1, 0, 2]
    torch.testing.assert_close(module(x[:, order]), module(x)[:, order], rtol=1e-4, atol=1e-5)


def test_padding_has_no_influence_in_either_mode():
    module, x = block(), torch.randn(2, 4, 5)
    mask = torch.tensor([[True, True, False, False], [True] * 4])
    other = torch.where(mask[..., None], x, 7.0)
    for mode in (True, False):
        module.train(mode)
        left, right = masked_mean(module(x, mask), mask), masked_mean(module(other, mask), mask)
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(left[0], module(x[:1, :2]).mean(dim=1)[0], rtol=1e-4, atol=1e-5)


def test_a_row_without_words_stays_finite():
    mask = torch.zeros(1, 3, dtype=torch.bool)
    out = block()(torch.zeros(1, 3, 5), mask)
    assert torch.isfinite(out).all()
    assert torch.equal(masked_mean(out, mask), torch.zeros(1, 8))
