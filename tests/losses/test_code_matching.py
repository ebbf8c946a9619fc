"""Code matching against the published formula (CoDAAR supplement Eq. 11) and the released form, written out in
NumPy."""

from math import exp, log

import numpy as np
import pytest
import torch

from cmg.losses.code_matching import code_matching, code_usage


def usages():
    g = torch.Generator().manual_seed(0)
    return tuple((4 * torch.rand(4, 6, generator=g, dtype=torch.float64)).softmax(dim=-1) for _ in range(2))


def written_out(p, q, transposed):
    p, q = p.numpy(), q.numpy()
    lp, lq = np.log(p + 1e-10), np.log(q + 1e-10)
    n = len(p)
    score = np.array(
        [[p[i] @ lq[j] + (q[i] @ lp[j] if transposed else q[j] @ lp[i]) for j in range(n)] for i in range(n)]
    )
    e = np.exp(score - score.min())
    return -np.mean([np.log(e[i, i] / (e[i].sum() + 1e-5)) for i in range(n)])


@pytest.mark.parametrize("transposed", [False, True])
def test_written_out(transposed):
    p, q = usages()
    assert code_matching(p, q, transposed).item() == pytest.approx(written_out(p, q, transposed), rel=1e-10)


def test_the_two_forms_differ_off_the_diagonal():
    p, q = usages()
    assert code_matching(p, q, True).item() != pytest.approx(code_matching(p, q, False).item(), rel=1e-4)


def test_usage_is_a_mean_of_softmax_over_distances():
    x, book = torch.randn(2, 3, 4, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    distance = np.linalg.norm(x.numpy()[:, :, None] - book.numpy()[None, None], axis=-1)
    weight = np.exp(-distance)
    expected = (weight / weight.sum(axis=-1, keepdims=True)).mean(axis=1)
    np.testing.assert_allclose(code_usage(x, book).numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_feature_that_equals_a_code_stays_finite(dtype):
    torch.manual_seed(0)
    book = torch.randn(40, 16, dtype=dtype)
    x = book[:, None].clone().requires_grad_()
    code_usage(x, book).square().sum().backward()
    assert torch.isfinite(x.grad).all()


def test_two_clips_and_two_codes_by_hand():
    """p = [[.8,.2],[.4,.6]], q = [[.5,.5],[.1,.9]]: the four published scores, each as two inner products."""
    p, q = torch.tensor([[0.8, 0.2], [0.4, 0.6]]).double(), torch.tensor([[0.5, 0.5], [0.1, 0.9]]).double()
    s00 = (0.8 * log(0.5) + 0.2 * log(0.5)) + (0.5 * log(0.8) + 0.5 * log(0.2))  # -1.6094
    s01 = (0.8 * log(0.1) + 0.2 * log(0.9)) + (0.1 * log(0.8) + 0.9 * log(0.2))  # -3.3340
    s10 = (0.4 * log(0.5) + 0.6 * log(0.5)) + (0.5 * log(0.4) + 0.5 * log(0.6))  # -1.4067
    s11 = (0.4 * log(0.1) + 0.6 * log(0.9)) + (0.1 * log(0.4) + 0.9 * log(0.6))  # -1.5357
    expected = -(log(exp(s00) / (exp(s00) + exp(s01))) + log(exp(s11) / (exp(s10) + exp(s11)))) / 2
    assert expected == pytest.approx(0.4619, abs=1e-4)
    assert code_matching(p, q).item() == pytest.approx(expected, rel=1e-5)
    t01 = (0.8 * log(0.1) + 0.2 * log(0.9)) + (0.5 * log(0.4) + 0.5 * log(0.6))  # the released form: <q_0, log p_1>
    t10 = (0.4 * log(0.5) + 0.6 * log(0.5)) + (0.1 * log(0.8) + 0.9 * log(0.2))
    released = -(log(exp(s00) / (exp(s00) + exp(t01))) + log(exp(s11) / (exp(t10) + exp(s11)))) / 2
    assert code_matching(p, q, transposed=True).item() == pytest.approx(released, rel=1e-5)


def test_clips_with_disjoint_codes_match_themselves():
    p = torch.eye(3, dtype=torch.float64)
    assert code_matching(p, p).item() == pytest.approx(0, abs=1e-9)
    assert code_matching(p, p.roll(1, 0)).item() > 10
