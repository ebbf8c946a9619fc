"""Code matching over all pairs, both forms, against NumPy loops on given codes."""

from itertools import combinations

import numpy as np
import pytest
import torch

from cmg.losses.code_matching import code_matching, code_usage, paired_code_matching


def usage_by_hand(z, codes):
    result = np.zeros((z.shape[0], len(codes)))
    for i in range(z.shape[0]):
        for t in range(z.shape[1]):
            weight = np.exp([-np.linalg.norm(z[i, t] - code) for code in codes])
            result[i] += weight / weight.sum() / z.shape[1]
    return result


@pytest.mark.parametrize("transposed", [False, True])
def test_equation_11_and_the_released_form(transposed):
    rng = np.random.default_rng(1)
    z = {m: rng.normal(size=(4, 3, 2)) for m in ("audio", "text", "video")}
    books = {m: rng.normal(size=(5, 2)) for m in z}
    p = {m: usage_by_hand(z[m], books[m]) for m in z}
    expected = 0.0
    for a, b in combinations(z, 2):
        for i in range(4):
            score = [
                p[a][i] @ np.log(p[b][j]) + (p[b][i] @ np.log(p[a][j]) if transposed else p[b][j] @ np.log(p[a][i]))
                for j in range(4)
            ]
            expected -= np.log(np.exp(score[i]) / np.exp(score).sum()) / 4
    usage = {m: code_usage(torch.from_numpy(z[m]), torch.from_numpy(books[m])) for m in z}
    for m in z:
        np.testing.assert_allclose(usage[m], p[m], rtol=1e-10)
    # 1e-5 is added to the denominator
    assert float(paired_code_matching(usage, transposed)) == pytest.approx(expected, rel=1e-4)


def test_the_order_of_a_pair_matters_in_the_published_form_alone():
    generator = torch.Generator().manual_seed(1)
    p, q = (torch.rand(4, 5, generator=generator, dtype=torch.float64).softmax(dim=1) for _ in range(2))
    torch.testing.assert_close(
        code_matching(p, q, transposed=True), code_matching(q, p, transposed=True), rtol=1e-12, atol=0
    )
    assert not torch.isclose(code_matching(p, q), code_matching(q, p), rtol=1e-6)
