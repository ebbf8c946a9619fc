"""Mask-predict decoder."""

import torch

from cmg.methods.turn.mask_predict import MaskPredict, positions


def decoder():
    torch.manual_seed(0)
    return MaskPredict(5, 8, heads=2, hidden=16, dropout=0.0).eval()


def test_hidden_seconds_are_not_read():
    x, codes, keep = (
        torch.randn(2, 4, 5),
        torch.randn(2, 1, 8),
        torch.tensor([[True, False, True, True], [False, True, True, False]]),
    )
    changed = torch.where(keep.unsqueeze(-1), x, torch.full_like(x, float("nan")))
    net = decoder()
    assert torch.equal(net(x, keep, codes), net(changed, keep, codes))


def test_output_depends_on_code_visible_seconds_and_place():
    net, x, codes = decoder(), torch.randn(1, 4, 5), torch.randn(1, 1, 8)
    keep = torch.tensor([[True, False, False, True]])
    base = net(x, keep, codes)
    assert base.shape == (1, 4, 5)
    assert not torch.allclose(base, net(x, keep, codes + 1))
    assert not torch.allclose(base[:, 1], net(x + torch.tensor([1.0, 0, 0, 0]).view(1, 4, 1), keep, codes)[:, 1])
    assert not torch.allclose(base[:, 1], base[:, 2])


def test_positions_are_sines_and_cosines():
    table = positions(3, 4)
    expected = torch.tensor([[t.sin(), t.cos(), (t / 100).sin(), (t / 100).cos()] for t in torch.arange(3.0)])
    torch.testing.assert_close(table, expected)
