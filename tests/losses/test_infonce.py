"""InfoNCE against Eq. 16 written out in NumPy, and against the released values."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from cmg.losses.infonce import infonce, infonce_by_second, infonce_within


@pytest.mark.parametrize("tau", [0.1, 1.0])
def test_equation_16(tau):
    g = torch.Generator().manual_seed(0)
    query, key = (torch.randn(5, 3, generator=g, dtype=torch.float64) for _ in range(2))
    q, k = (x.numpy() / np.linalg.norm(x.numpy(), axis=1, keepdims=True) for x in (query, key))
    scores = np.exp(q @ k.T / tau)
    expected = -np.mean(np.log(np.diag(scores) / scores.sum(axis=1)))
    assert infonce(query, key, tau).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("tau", [0.1, 1.0])
def test_equation_16_with_inner_products(tau):
    g = torch.Generator().manual_seed(0)
    query, key = (torch.randn(5, 3, generator=g, dtype=torch.float64) for _ in range(2))
    scores = np.exp(query.numpy() @ key.numpy().T / tau)
    expected = -np.mean(np.log(np.diag(scores) / scores.sum(axis=1)))
    assert infonce(query, key, tau, similarity="dot").item() == pytest.approx(expected, rel=1e-12)


def test_scale_does_not_matter_and_zero_vectors_are_finite():
    query, key = torch.randn(4, 3), torch.randn(4, 3)
    torch.testing.assert_close(infonce(query, key, 0.5), infonce(3 * query, 7 * key, 0.5))
    zero = torch.zeros(4, 3, requires_grad=True)
    infonce(zero, key, 0.5).backward()
    assert torch.isfinite(zero.grad).all()


def test_reference_values(golden):
    cases = golden("cpc_infonce")
    query, key = cases["query"], cases["key"]
    torch.testing.assert_close(infonce(query, key, 0.1), cases["infonce_qk"], rtol=1e-10, atol=0)
    torch.testing.assert_close(infonce(key, query, 0.1), cases["infonce_kq"], rtol=1e-10, atol=0)
    torch.testing.assert_close(infonce(query, key, 1.0), cases["infonce_tau1"], rtol=1e-10, atol=0)


def test_by_second_and_within_clips():
    g = torch.Generator().manual_seed(0)
    query, key = (torch.randn(4, 3, 5, generator=g, dtype=torch.float64) for _ in range(2))
    by_second = [infonce(query[:, t], key[:, t], 0.3) for t in range(3)]
    torch.testing.assert_close(infonce_by_second(query, key, 0.3), torch.stack(by_second).mean())
    within = [infonce(query[b], key[b], 0.3) for b in range(4)]
    torch.testing.assert_close(infonce_within(query, key, 0.3), torch.stack(within).mean())


def test_further_keys_are_further_negatives():
    query, key, more = torch.randn(4, 3), torch.randn(4, 3), torch.randn(2, 3)
    logits = F.normalize(query) @ F.normalize(torch.cat([key, more])).T / 0.5
    torch.testing.assert_close(infonce(query, key, 0.5, more), F.cross_entropy(logits, torch.arange(4)))
    torch.testing.assert_close(infonce(query, key, 0.5, more[:0]), infonce(query, key, 0.5))
