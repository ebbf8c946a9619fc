"""Commitment (Eq. 18, second term) and reconstruction, written out in NumPy."""

import numpy as np
import pytest
import torch

from cmg.losses.commitment import commitment, cross_commitment
from cmg.losses.reconstruction import mse


def test_own_and_other_codes():
    x, own, a, b = (torch.randn(2, 3, 4, dtype=torch.float64) for _ in range(4))
    n = [np.mean((x.numpy() - c.numpy()) ** 2) for c in (own, a, b)]
    assert commitment(x, own).item() == pytest.approx(n[0], rel=1e-12)
    assert commitment(x, own, [a, b], 2.0, 0.5).item() == pytest.approx(2 * n[0] + 0.5 * n[1] + 0.5 * n[2], rel=1e-12)


def test_every_modality_is_pulled_to_its_own_code_and_to_those_of_the_others():
    x, codes = ({m: torch.randn(2, 3, 4) for m in ("video", "audio", "text")} for _ in range(2))
    found = cross_commitment(x, codes, 2.0, 0.5)
    assert list(found) == list(x)
    for m, loss in found.items():
        distance = {n: (x[m] - codes[n]).square().mean() for n in codes}
        torch.testing.assert_close(loss, 2 * distance[m] + 0.5 * sum(d for n, d in distance.items() if n != m))


def test_codes_get_no_gradient():
    x, code = torch.randn(2, 3, requires_grad=True), torch.randn(2, 3, requires_grad=True)
    commitment(x, code, [code], 1.0, 1.0).backward()
    assert code.grad is None
    assert x.grad is not None


def test_reconstruction_is_in_the_precision_of_the_target_and_at_least_single():
    x, target = torch.randn(2, 3).bfloat16(), torch.randn(2, 3)
    assert mse(x, target).dtype == mse(x, x).dtype == torch.float32 and mse(x, target.double()).dtype == torch.float64
    assert mse(x, target).item() == pytest.approx(np.mean((x.float().numpy() - target.numpy()) ** 2), rel=1e-6)
    with pytest.raises(ValueError, match="reconstruction: expected one shape"):
        mse(x, target[:1])
