"""Distance between directions."""

import pytest
import torch

from cmg.methods.simmmdg.translation import translation


def test_right_angles_opposites_and_length():
    x = torch.tensor([[[2.0, 0.0], [0.0, 3.0], [5.0, 0.0]]])
    y = torch.tensor([[[7.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]])
    assert translation(x, y).item() == pytest.approx((0 + 2**0.5 + 2) / 3)


def test_both_sides_get_a_gradient():
    x, y = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4, requires_grad=True)
    translation(x, y).backward()
    assert x.grad.abs().sum() > 0 and y.grad.abs().sum() > 0
