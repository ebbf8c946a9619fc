"""Baseline and the continuous control."""

import pytest
import torch
from sklearn.cluster import KMeans

from cmg.methods import build


def run(name, options, batch):
    torch.manual_seed(0)
    method = build(name, {**options, "dropout": 0.0}).train()
    draws = method.draw(torch.Generator().manual_seed(0), batch.size, batch.seconds)
    return method, method.loss(batch, draws, lambda closure: pytest.fail("nothing to fit"))


def test_baseline_has_reconstruction_and_commitment_only(small, batch):
    _, terms = run("baseline", small, batch)
    assert set(terms.terms) == {"recon_video", "recon_audio", "recon_text", "commit"}


def test_baseline_modalities_do_not_touch_each_other(small, batch):
    """Another video changes neither the audio terms' gradients nor what audio adds to the codebook."""
    grads = []
    for scale in (1.0, 3.0):
        changed = type(batch)(batch.audio, batch.video * scale, batch.text, batch.text_mask)
        method, _ = run("baseline", small, changed)
        method.quantizer.started.fill_(True)
        method.quantizer.embedding.copy_(torch.linspace(-1, 1, 96).reshape(12, 8))
        draws = method.draw(torch.Generator().manual_seed(0), 4, 5)
        method.zero_grad()
        method.loss(changed, draws, lambda closure: None).terms["recon_audio"].backward()
        grads.append([p.grad for n, p in method.named_parameters() if "temporal.audio" in n])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_kmeans_codebook_is_fitted_on_all_modalities(small, batch):
    method, terms = run("infonce_kmeans", {**small, "codebook_size": 4}, batch)
    assert len(terms.terms) == 6
    with pytest.raises(RuntimeError, match="call finish"):
        method.encode("audio", batch.audio)
    method.finish([batch])
    assert method.training
    method.eval()
    vectors = [
        method.encoder.encode(m, getattr(batch, m), batch.text_mask if m == "text" else None)
        for m in ("audio", "video", "text")
    ]
    stacked = torch.cat([v.flatten(0, 1) for v in vectors]).detach().double().numpy()
    expected = KMeans(4, n_init=1, random_state=0).fit(stacked)
    assert torch.allclose(method.codebooks()[0].double(), torch.from_numpy(expected.cluster_centers_), atol=1e-4)
    assert method.encode("audio", batch.audio).indices.flatten().tolist() == expected.labels_[:20].tolist()


def test_kmeans_needs_enough_vectors(small, batch):
    method, _ = run("infonce_kmeans", {**small, "codebook_size": 64}, batch)
    with pytest.raises(ValueError, match="at least 64 vectors for 64 codes, found 44"):
        method.finish([batch])


def test_no_more_vectors_than_asked(small, batch):
    method, _ = run("infonce_kmeans", {**small, "codebook_size": 4, "kmeans_vectors": 6}, batch)
    kept = method._spaced(torch.arange(20.0)[:, None])
    assert kept.flatten().tolist() == [0, 3, 6, 10, 13, 16]
