"""The supervised contrastive loss against a loop over anchors, positives and candidates."""

from math import exp, log

import pytest
import torch
from torch.nn import functional as F

from cmg.methods.simmmdg.supcon import supcon


def written_out(views, labels, tau, base):
    unit = [(F.normalize(v, dim=0), label) for clip, label in zip(views, labels, strict=True) for v in clip]
    losses = []
    for i, (anchor, label) in enumerate(unit):
        total = sum(exp(float(anchor @ other) / tau) for j, (other, _) in enumerate(unit) if j != i)
        shares = [
            log(exp(float(anchor @ other) / tau) / total)
            for j, (other, its) in enumerate(unit)
            if j != i and its == label
        ]
        losses.append(-tau / base * sum(shares) / len(shares))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 1, 0, 2], [1, 1, 1, 1]])
def test_written_out(labels):
    views = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    same = torch.tensor(labels)[:, None] == torch.tensor(labels)
    assert supcon(views, same, 0.2, 0.1).item() == pytest.approx(written_out(views, labels, 0.2, 0.1), rel=1e-10)


def test_views_that_agree_and_clips_that_do_not_is_easy():
    views = torch.eye(4).unsqueeze(1).expand(-1, 2, -1)
    assert supcon(views, torch.eye(4, dtype=torch.bool), 0.05).item() < 1e-6
    assert supcon(views.roll(1, 0) - views, torch.eye(4, dtype=torch.bool).roll(1, 1), 0.05).item() > 1


def test_gradient_is_finite_for_equal_views():
    views = torch.ones(3, 2, 4, requires_grad=True)
    supcon(views, torch.eye(3, dtype=torch.bool)).backward()
    assert torch.isfinite(views.grad).all()
