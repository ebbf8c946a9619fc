"""CMCM: schedule, codebook, switches."""

from dataclasses import replace

import pytest
import torch

from cmg.methods import build


def loss(options, batch, progress=1.0):
    torch.manual_seed(0)
    method = build("cmcm", {**options, "dropout": 0.0}).train()
    draws = method.draw(torch.Generator().manual_seed(0), batch.size, batch.seconds)
    return method, method.loss(batch, replace(draws, progress=progress), lambda closure: pytest.fail("nothing to fit"))


def test_warm_start_has_no_codes_and_the_same_columns(small, batch):
    fresh, _ = build("cmcm", small), torch.manual_seed(0)
    warm, before = loss(small, batch, progress=0.24)
    _, after = loss(small, batch, progress=0.25)
    assert list(before.terms) == list(after.terms) and list(before.monitors) == list(after.monitors)
    discrete = [name for name in before.terms if name.startswith(("commit", "cmcm"))]
    assert len(discrete) == 4
    assert all(before.terms[name] == 0 and after.terms[name] > 0 for name in discrete)
    assert not warm.quantizer.started and torch.equal(warm.quantizer.ema_count, fresh.quantizer.ema_count)


def test_a_modality_moves_only_the_codes_it_chose_by_its_own_vectors(small, batch):
    """Every code is the mean of its first place and of the vectors that chose it, weighted by the decay."""
    method, _ = loss({**small, "decay": 0.5}, batch)
    z = {m: method.encoder.encode(m, getattr(batch, m)) for m in ("audio", "video")}
    x = method.encoder.inputs("text", batch.text, batch.text_mask, batch.seconds)
    z["text"] = method.encoder("text", x)
    places = sum(z.values()).flatten(0, 1) / 3
    start = places[torch.arange(12) * places.shape[0] // 12]
    vectors = torch.cat([x.flatten(0, 1) for x in z.values()])
    chosen = torch.cdist(vectors, start).argmin(dim=1)
    for k in range(12):
        mine = vectors[chosen == k]
        expected = (0.5 * start[k] + 0.5 * mine.sum(dim=0)) / (0.5 + 0.5 * len(mine))
        torch.testing.assert_close(method.codebooks()[0][k], expected, rtol=1e-4, atol=1e-5)


def test_terms_and_switches(small, batch):
    _, terms = loss(small, batch)
    names = [
        *(f"recon_{m}" for m in ("audio", "video", "text")),
        "high",
        "fine",
        *(f"commit_{m}" for m in ("audio", "video", "text")),
        "cmcm",
    ]
    assert list(terms.terms) == names
    method, few = loss({**small, "losses": {"recon": False, "fine": False, "commit": False}}, batch)
    assert list(few.terms) == ["high", "cmcm"]
    assert not len(method.specific) and not len(method.decoders)


def test_weight_of_code_matching_is_a_factor(small, batch):
    one, ten = (loss({**small, "cmcm_weight": w}, batch)[1].terms["cmcm"] for w in (0.1, 1.0))
    torch.testing.assert_close(10 * one, ten)


def test_a_clips_vector_with_and_without_codes(small, batch):
    both, continuous = (loss({**small, "high_level": level}, batch)[1].terms for level in ("both", "continuous"))
    assert both["fine"] == continuous["fine"] and both["high"] != continuous["high"]
