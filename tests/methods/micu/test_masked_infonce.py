"""Masked InfoNCE against a loop over pairs of modalities, clips and seconds."""

from math import exp, log

import torch

from cmg.methods.micu.masked_infonce import masked_infonce


def directed(query, key, tau):
    """-mean_i log softmax_j(cos(query_i, key_j) / tau) at j = i, written out; a vector of length zero has cosine
    zero."""

    def cosine(x, y):
        size = float(x.norm() * y.norm())
        return float(x @ y) / size if size else 0.0

    scores = [[exp(cosine(q, k) / tau) for k in key] for q in query]
    return -sum(log(row[i] / sum(row)) for i, row in enumerate(scores)) / len(scores)


def test_written_out():
    torch.manual_seed(0)
    z = {m: torch.randn(3, 4, 5, dtype=torch.float64) for m in ("audio", "video")}
    keep = torch.rand(3, 4) > 0.4
    fine, coarse = masked_infonce(z, keep, 0.5)
    assert list(fine) == list(coarse) == ["audio_audio", "audio_video", "video_audio", "video_video"]
    for name in fine:
        q, k = name.split("_")
        masked = [
            [second if kept else 0 * second for second, kept in zip(z[q][b], keep[b], strict=True)] for b in range(3)
        ]
        within = [directed(masked[b], z[k][b], 0.5) for b in range(3)]
        assert abs(fine[name].item() - sum(within) / 3) < 1e-12
        means = [sum(seconds) / 4 for seconds in masked]
        assert abs(coarse[name].item() - directed(means, z[k].mean(dim=1), 0.5)) < 1e-12


def test_nothing_masked_and_identical_modalities_is_easy():
    z = {"audio": 50 * torch.eye(4).repeat(2, 1, 1), "video": 50 * torch.eye(4).repeat(2, 1, 1)}
    fine, _ = masked_infonce(z, torch.ones(2, 4, dtype=torch.bool), 0.05)
    assert max(value.item() for value in fine.values()) < 1e-6
