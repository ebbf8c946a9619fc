"""The released codebook: written out in NumPy, and against reference values."""

import numpy as np
import torch

from cmg.losses.code_matching import code_matching, code_usage
from cmg.losses.commitment import commitment
from cmg.quantizers.sequential import SequentialEMA

NAMES = ("video", "audio", "text")
RELEASED = {"start": "uniform", "reset": "copy", "smooth_counts": True}
EXACT = {"rtol": 1e-10, "atol": 1e-12}


def written_out(x, embedding, count, weight, gamma=0.99, epsilon=1e-5):
    """Three updates in turn, assignments from the codebook before the first."""
    codes = len(embedding)
    chosen = {n: ((v[:, :, None] - embedding) ** 2).sum(axis=-1).argmin(axis=-1).ravel() for n, v in x.items()}
    for name in x:
        rows = 0.5 * x[name] + sum(0.25 * x[n] for n in x if n != name)
        one_hot = np.eye(codes)[chosen[name]]
        count = gamma * count + (1 - gamma) * one_hot.sum(axis=0)
        n = count.sum()
        count = (count + epsilon) / (n + codes * epsilon) * n
        weight = gamma * weight + (1 - gamma) * one_hot.T @ rows.reshape(-1, rows.shape[-1])
        embedding = weight / count[:, None]
    return embedding, count, weight


def test_written_out():
    torch.manual_seed(0)
    quantizer = SequentialEMA(6, 3, NAMES, **RELEASED).double().train()
    x = {n: torch.randn(4, 2, 3, dtype=torch.float64) for n in NAMES}
    before = [
        quantizer.embedding.numpy().copy(),
        quantizer.ema_count.numpy().copy(),
        quantizer.ema_weight.numpy().copy(),
    ]
    expected = written_out({n: v.numpy() for n, v in x.items()}, *before)
    quantizer(x, torch.zeros(6))
    for found, value in zip((quantizer.embedding, quantizer.ema_count, quantizer.ema_weight), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-10)


def test_reset_in_evaluation_mode_does_not_reach_the_averages():
    quantizer = SequentialEMA(5, 2, NAMES, **RELEASED).eval()
    quantizer.embedding.copy_(torch.arange(10.0).reshape(5, 2))
    quantizer.unactivated_count.copy_(torch.tensor([300.0, 50, 98, 99, 299]))
    weight = quantizer.ema_weight.clone()
    quantizer({n: torch.full((1, 1, 2), 2.5) for n in NAMES}, torch.tensor([0.9, 0, 0, 0, 0]))  # chooses code 1
    # active: 1 (just used) and 2
    torch.testing.assert_close(quantizer.embedding[0], torch.tensor([4.0, 5.0]) - 1 / 1024)
    assert quantizer.unactivated_count.tolist() == [0, 0, 99, 100, 300]
    assert torch.equal(quantizer.ema_weight, weight)


def quantised(x, quantizer, golden, order):
    out = quantizer(x, torch.zeros(len(quantizer.embedding)))
    losses = {}
    for i, name in enumerate(order, 1):
        others = [out.hard[n] for n in order if n != name]
        losses[f"loss{i}"] = 0.25 * commitment(x[name], out.hard[name], others, 2.0, 0.5)
        torch.testing.assert_close(out.straight[name], golden[f"q{i}"], **EXACT)
        torch.testing.assert_close(losses[f"loss{i}"], golden[f"loss{i}"], **EXACT)
    usage = {n: code_usage(x[n], out.codebook, protect=False) for n in order}
    first, second, third = (usage[n] for n in order)
    pairs = ((first, second), (first, third), (third, second))
    torch.testing.assert_close(0.5 * sum(code_matching(p, q, True) for p, q in pairs), golden["cmcm"], **EXACT)
    modes = torch.stack([out.indices[n].mode(dim=1).values for n in order])
    assert ((modes == modes[0]).all(dim=0)).sum() == golden["equal_num"]


def after(quantizer, golden):
    for buffer, name in (
        ("embedding", "embedding"),
        ("ema_count", "ema_count"),
        ("ema_weight", "ema_weight"),
        ("unactivated_count", "unactivated"),
    ):
        torch.testing.assert_close(getattr(quantizer, buffer), golden[f"{name}_after"], **EXACT)


def test_reference_with_five_seconds(golden):
    case = golden("quantiser_T5")
    quantizer = SequentialEMA(50, 256, NAMES, **RELEASED).double().train()
    start = case["e0"].double()
    quantizer.embedding.copy_(start)
    quantizer.ema_weight.copy_(2 * start)
    quantizer.ema_count.fill_(2)
    if "unactivated_before" in case:
        quantizer.unactivated_count.copy_(case["unactivated_before"].double())
    quantised({n: case[f"x{i}"] for i, n in enumerate(NAMES, 1)}, quantizer, case, NAMES)
    after(quantizer, case)


def test_reference_first_step_from_the_released_start(golden):
    case = golden("ema_fresh_init")
    quantizer = SequentialEMA(400, 256, NAMES, **RELEASED).double().train()
    quantizer.embedding.copy_(case["embedding_before"])
    quantizer.ema_weight.copy_(case["embedding_before"])
    quantised({n: case[k] for n, k in zip(NAMES, ("first", "second", "third"), strict=True)}, quantizer, case, NAMES)
    after(quantizer, case)
    assert quantizer.embedding.norm(dim=1).max() > 100  # the explosion that variant: paper does not have
