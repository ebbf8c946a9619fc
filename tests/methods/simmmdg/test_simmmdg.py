"""SimMMDG: halves, labels, vectors instead of codes."""

import pytest
import torch
from torch.nn import functional as F

from cmg.methods import build, semantic
from tests.methods.test_cross_modal_learning import clips, pretrain, transfer

STILL = {"dropout": 0.0, "translation_dropout": 0.0}


def loss(options, batch):
    torch.manual_seed(0)
    method = build("simmmdg", {**options, **STILL}).train()
    return method, method.loss(
        batch, method.draw(torch.Generator().manual_seed(0), 4, 5), lambda closure: pytest.fail("nothing to fit")
    )


def test_terms_weights_and_switches(small, batch):
    _, terms = loss(small, batch)
    assert list(terms.terms) == ["contrast", "distance", "translation"] and terms.terms["distance"] < 0
    _, doubled = loss({**small, "contrast_weight": 6.0, "distance_weight": 1.4, "translation_weight": 0.2}, batch)
    for name, value in terms.terms.items():
        torch.testing.assert_close(doubled.terms[name], 2 * value)
    _, few = loss({**small, "losses": {"contrast": False, "translation": False}}, batch)
    assert list(few.terms) == ["distance"]


def test_distance_is_between_the_halves_of_a_modality(small, batch):
    method, terms = loss(small, batch)
    pairs = [method._halves(m, x) for m, x in semantic.inputs(method.encoder, batch).items()]
    expected = -0.7 * sum(F.mse_loss(shared, specific) for shared, specific in pairs) / 3
    torch.testing.assert_close(terms.terms["distance"], expected)


def test_clips_with_one_sentence_attract_each_other_only_when_asked(small, batch):
    batch.text[2] = batch.text[0]
    instance, _ = loss(small, batch)
    sentence, _ = loss({**small, "labels": "sentence"}, batch)
    assert torch.equal(instance._same(batch), torch.eye(4, dtype=torch.bool))
    expected = torch.eye(4, dtype=torch.bool)
    expected[0, 2] = expected[2, 0] = True
    assert torch.equal(sentence._same(batch), expected)


@pytest.mark.parametrize("halves", ["blocks", "linear"])
def test_encode_gives_the_shared_half_and_no_codebook(small, batch, halves):
    method, _ = loss({**small, "halves": halves}, batch)
    method.eval()
    assert method.codebooks() == [] and method.health() == {}
    vectors = method.encode("video", batch.video).vectors
    torch.testing.assert_close(vectors, method._halves("video", batch.video)[0])
    torch.testing.assert_close(
        method.encode("video", batch.video, level="clip").vectors, vectors.mean(dim=1, keepdim=True)
    )


@pytest.mark.parametrize(("projection", "heads"), [("none", 0), ("common", 1), ("own", 3)])
def test_projection_heads_see_the_global_batch(small, batch, projection, heads):
    method, _ = loss({**small, "projection": projection}, batch)
    assert len(method.project) == heads
    assert not any("running" in name for name, _ in method.named_buffers())


def test_hidden_width_follows_the_scale(small):
    assert build("simmmdg", small).config.width == 8
    assert build("simmmdg", {**small, "specific_channels": 64}).config.width == 64
    assert build("simmmdg", {**small, "hidden": 20}).config.width == 20


def test_a_head_per_modality_aligns_projections_and_not_the_halves():
    """Why the default has no head: four classes, chance is 25 %."""
    torch.manual_seed(0)
    sizes = {"embedding_dim": 32, "feedforward": 64, "specific_channels": 4, "text_hidden": 16, "projection": "own"}
    train, test = clips(1), clips(2)
    method = pretrain(build("simmmdg", sizes).train(), train[0], steps=30)
    assert transfer(method, train, test, "video", "video") > 0.9
    assert max(transfer(method, train, test, *pair) for pair in (("video", "audio"), ("audio", "video"))) < 0.5
