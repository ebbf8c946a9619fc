"""DCID's choices in the joint codebook: cross-attention in the moving average, and codes that every modality must
use."""

import numpy as np
import pytest
import torch

from cmg.quantizers.joint import JointEMA
from cmg.quantizers.shared import attend

STREAMS = ("audio", "video", "text")


def features(seed=1):
    g = torch.Generator().manual_seed(seed)
    return {m: torch.randn(2, 3, 4, generator=g, dtype=torch.float64) for m in STREAMS}


def make(**options):
    q = JointEMA(6, 4, STREAMS, **options).double().train()
    g = torch.Generator().manual_seed(3)
    q.embedding.copy_(torch.randn(6, 4, generator=g, dtype=torch.float64))
    q.ema_weight.copy_(q.embedding)
    q.started.fill_(True)
    return q


def attention(query, values):
    """softmax(q v^T / sqrt(D)) v for one clip, in NumPy."""
    score = query @ values.T / np.sqrt(query.shape[1])
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True) @ values


def test_attend():
    z = features()
    found = attend(z["audio"], z["video"]).numpy()
    for i in range(2):
        np.testing.assert_allclose(found[i], attention(z["audio"][i].numpy(), z["video"][i].numpy()), rtol=1e-12)


@pytest.mark.parametrize("mixing", ["aligned", "attention"])
def test_one_update(mixing):
    z, q = features(), make(mixing=mixing)
    table, counts, weights = q.embedding.numpy().copy(), q.ema_count.numpy().copy(), q.ema_weight.numpy().copy()
    arrays = {m: x.numpy() for m, x in z.items()}
    hits, sums = np.zeros(6), np.zeros((6, 4))
    for m, i, t in ((m, i, t) for m in STREAMS for i, t in np.ndindex(2, 3)):
        k = int(np.argmin(np.linalg.norm(table - arrays[m][i, t], axis=1)))
        others = [
            arrays[n][i] if mixing == "aligned" else attention(arrays[m][i], arrays[n][i]) for n in STREAMS if n != m
        ]
        hits[k] += 1
        sums[k] += 0.5 * arrays[m][i, t] + 0.25 * (others[0][t] + others[1][t])
    q(z, torch.zeros(6))
    counts, weights = 0.99 * counts + 0.01 * hits, 0.99 * weights + 0.01 * sums
    np.testing.assert_allclose(q.ema_count, counts, rtol=1e-12)
    np.testing.assert_allclose(q.embedding, weights / counts[:, None], rtol=1e-12)


@pytest.mark.parametrize(("rule", "moves"), [("any", False), ("all", True)])
def test_a_code_that_one_modality_alone_uses(rule, moves):
    q = make(kept_by=rule, reset_after=3)
    z = {m: torch.zeros(2, 3, 4, dtype=torch.float64) for m in STREAMS} | {
        "text": torch.full((2, 3, 4), 9.0, dtype=torch.float64)
    }
    for code, value in ((0, 0.0), (1, 9.0), (2, 40.0), (3, 50.0), (4, 60.0), (5, 70.0)):
        q.embedding[code] = q.ema_weight[code] = value
    for _ in range(2):
        q(z, torch.zeros(6))
    kept = q.embedding[1].clone()
    q(z, torch.zeros(6))
    assert (q.embedding[1] - kept).norm().item() > 5 if moves else (q.embedding[1] - kept).norm().item() < 1
    assert q.embedding[2].norm() < 1  # a code that nobody uses moves under both rules


@pytest.mark.parametrize(("places", "shared"), [("vectors", False), ("means", True)])
def test_where_codes_start_decides_who_uses_them(places, shared):
    """Modalities that differ by an offset: codes placed on vectors belong to one modality each, codes between them to
    all."""
    g = torch.Generator().manual_seed(0)
    common = torch.randn(2, 3, 1, generator=g) * torch.eye(4)[3]  # what they share lies across the offsets
    z = {m: common + 20 * offset for m, offset in zip(STREAMS, torch.eye(4)[:3], strict=True)}
    q = JointEMA(6, 4, STREAMS, places=places).train()
    q(z, torch.zeros(6))
    users = (q.hits > 0).sum(dim=0)
    assert (users[users > 0] == (3 if shared else 1)).all()
