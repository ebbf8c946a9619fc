"""Nearest codes, straight-through, usage."""

import numpy as np
import pytest
import torch

from cmg.quantizers.codebook import Codebook, agreement, effective_rank, monitors, nearest, perplexity


def test_nearest_is_the_smallest_distance_and_the_first_of_equals():
    torch.manual_seed(0)
    book, x = torch.randn(7, 3), torch.randn(2, 5, 3)
    distance = np.linalg.norm(x.numpy()[:, :, None] - book.numpy(), axis=-1)
    assert np.array_equal(nearest(x, book).numpy(), distance.argmin(axis=-1))
    assert nearest(torch.zeros(1, 3), torch.ones(4, 3)).item() == 0


def test_nearest_keeps_the_codebook_precision_under_autocast():
    book = torch.tensor([[1.0, 0.0], [1.001, 0.0]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert nearest(torch.tensor([[1.0009, 0.0]]), book).item() == 1


def test_gradient_passes_straight_through():
    torch.manual_seed(0)
    book, x = Codebook(5, 3, ("a",)), torch.randn(2, 4, 3, requires_grad=True)
    out = book.quantize({"a": x})
    torch.testing.assert_close(out.straight["a"], book.embedding[out.indices["a"]])
    (3 * out.straight["a"]).sum().backward()
    assert torch.equal(x.grad, torch.full_like(x, 3))


def test_counts_and_monitors():
    book = Codebook(4, 2, ("a", "b"))
    book.embedding.copy_(torch.tensor([[0.0, 0], [1, 0], [2, 0], [3, 0]]))
    out = book.quantize({"a": torch.tensor([[[0.1, 0], [2.9, 0]]]), "b": torch.tensor([[[0.0, 0], [0.0, 0]]])})
    assert out.counts.tolist() == [[1, 0, 0, 1], [2, 0, 0, 0]]
    shown = monitors(out)
    assert shown["usage_a"].item() == 0.5
    assert shown["perplexity_a"].item() == pytest.approx(2)
    assert shown["perplexity_b"].item() == pytest.approx(1)


def test_health_counts_streams_per_code_and_starts_again():
    book = Codebook(4, 2, ("a", "b"))
    book.hits.copy_(torch.tensor([[5, 5, 0, 0], [0, 9, 0, 0]]))
    health = book.health(book.embedding)
    assert (
        health["usage/a"] == 0.5 and health["dead/b"] == 3 and health["shared/0"] == 0.5 and health["shared/2"] == 0.25
    )
    assert health["perplexity/a"] == pytest.approx(2)
    assert not book.hits.any()


def test_perplexity_of_nothing_and_of_all():
    assert perplexity(torch.zeros(3)).item() == 1
    assert perplexity(torch.ones(8)).item() == pytest.approx(8)


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_effective_rank_of_codes_that_vary_alike_along_so_many_axes(rank):
    axes = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(rank)))[0][:rank]
    codes = torch.cat([axes, -axes]) + 100 * torch.ones(6)  # a common part is no spread
    assert effective_rank(codes) == pytest.approx(rank, rel=1e-4)
    assert effective_rank(torch.stack([codes, 1e-6 * codes])) == pytest.approx(rank, rel=1e-2)
    assert effective_rank(torch.ones(4, 3)) == 0


def test_fused_streams_are_no_modality():
    book = Codebook(2, 2, ("audiovisual", "video", "audio"))
    book.hits.copy_(torch.tensor([[1, 1], [1, 0], [1, 0]]))
    health = book.health(book.embedding)
    assert health["shared/0"] == 0.5 and health["shared/2"] == 0.5 and "shared/3" not in health


def test_agreement_counts_clips_with_one_most_frequent_index():
    indices = {"video": [[1, 1, 2], [3, 3, 4], [5, 2, 2]], "audio": [[1, 1, 1], [4, 4, 3], [2, 2, 9]]}
    assert agreement({m: torch.tensor(x) for m, x in indices.items()}) == 2
