"""TURN: terms, what each reaches, product codes."""

import pytest
import torch

from cmg.methods import build
from cmg.toc import toc_scores


def loss(options, batch):
    torch.manual_seed(0)
    method = build("turn", {**options, "dropout": 0.0}).train()
    draws = method.draw(torch.Generator().manual_seed(0), 4, 5)
    return method, method.loss(batch, draws, lambda closure: pytest.fail("nothing to fit"))


def test_terms_weights_and_switches(small, batch):
    _, terms = loss(small, batch)
    assert list(terms.terms) == ["contrast", "code", "restore_audio", "restore_video", "restore_text"]
    _, doubled = loss({**small, "contrast_weight": 2.0, "code_weight": 2.0, "restore_weight": 2.0}, batch)
    for name, value in terms.terms.items():
        torch.testing.assert_close(doubled.terms[name], 2 * value)
    method, few = loss({**small, "losses": {"restore": False, "code": False}}, batch)
    assert list(few.terms) == ["contrast"] and not len(method.decoders)


def test_each_loss_reaches_what_it_should(small, batch):
    reached = {}
    for only in ("contrast", "code", "restore"):
        method, terms = loss(
            {**small, "losses": {name: name == only for name in ("contrast", "code", "restore")}}, batch
        )
        terms.total.backward()
        parts = {
            "codes": [method.quantizer.embedding],
            "encoder": method.encoder.temporal.parameters(),
            "decoder": method.decoders.parameters(),
        }
        reached[only] = {part for part, ps in parts.items() if any(p.grad is not None and p.grad.any() for p in ps)}
    assert reached == {"contrast": {"encoder"}, "code": {"encoder", "codes"}, "restore": {"encoder", "decoder"}}


def test_own_code_can_be_left_out(small, batch):
    _, with_own = loss(small, batch)
    _, without = loss({**small, "self_restore": False}, batch)
    assert all(without.terms[f"restore_{m}"] < with_own.terms[f"restore_{m}"] for m in ("audio", "video", "text"))


def test_masks_differ_between_modalities_and_follow_the_ratio(small):
    masks = build("turn", {**small, "mask_ratio": 0.4}).draw(torch.Generator().manual_seed(0), 200, 10).masks
    assert list(masks) == ["audio", "video", "text"] and not torch.equal(masks["audio"], masks["video"])
    assert all(abs((~mask).float().mean() - 0.4) < 0.05 for mask in masks.values())


@pytest.mark.parametrize("chunks", [1, 2, 4])
def test_codes_are_one_index_per_chunk_and_toc_ranks_all_dimensions(small, batch, chunks):
    method, _ = loss({**small, "chunks": chunks}, batch)
    codes, books = method.eval().encode("video", batch.video), method.codebooks()
    assert (
        codes.indices.shape == (4, 5, chunks)
        and [book.shape for book in books] == [(12 // chunks, 8 // chunks)] * chunks
    )
    assert sorted(toc_scores([book.numpy() for book in books]).ranking.tolist()) == list(range(8))


def test_codes_start_on_the_first_batch_and_usage_counts_both_chunks(small, batch):
    method, terms = loss({**small, "start": "vectors"}, batch)
    assert method.quantizer.started
    assert all(
        0 < terms.monitors[f"usage_{m}"] <= 1 and terms.monitors[f"perplexity_{m}"] >= 1 for m in method.modalities
    )


def test_seconds_can_be_quantised_in_training(small, batch):
    clip, second = (loss({**small, "quantise": q}, batch)[1].terms for q in ("clip", "second"))
    torch.testing.assert_close(clip["contrast"], second["contrast"])
    assert clip["code"] != second["code"]
