"""The two halves of the code loss."""

import torch

from cmg.methods.turn.vector_quantisation import vector_quantisation


def test_value_and_where_each_half_pulls():
    x, code = torch.tensor([[1.0, 3.0]], requires_grad=True), torch.tensor([[0.0, 1.0]], requires_grad=True)
    loss = vector_quantisation(x, code, beta=0.25)
    loss.backward()
    assert loss.item() == 1.25 * (1 + 4) / 2
    torch.testing.assert_close(code.grad, torch.tensor([[-1.0, -2.0]]))
    torch.testing.assert_close(x.grad, 0.25 * torch.tensor([[1.0, 2.0]]))
