"""Product codebook: chunks are independent, codes move by gradient."""

import pytest
import torch

from cmg.methods.turn.product import ProductVQ


def streams(seed=0):
    g = torch.Generator().manual_seed(seed)
    return {m: torch.randn(3, 4, 6, generator=g, dtype=torch.float64).requires_grad_() for m in ("audio", "video")}


def test_every_chunk_takes_its_own_nearest_code():
    torch.manual_seed(0)
    product = ProductVQ(10, 6, 2, ("audio", "video"), "uniform").double()
    product.embedding.data = torch.randn(2, 5, 3, dtype=torch.float64)
    x = streams()
    found = product(x)
    for m, value in x.items():
        for g in range(2):
            part, book = value.detach()[..., 3 * g : 3 * g + 3], product.embedding.detach()[g]
            best = torch.stack([(part - code).norm(dim=-1) for code in book]).argmin(dim=0)
            assert torch.equal(found.indices[m][..., g], best)
            torch.testing.assert_close(found.hard[m][..., 3 * g : 3 * g + 3].detach(), book[best])
        torch.testing.assert_close(found.straight[m], found.hard[m])
    assert found.counts.shape == (2, 10) and found.counts[:, :5].sum() == found.counts[:, 5:].sum() == 24
    one = torch.bincount(found.indices["video"][..., 1].flatten(), minlength=5)
    assert torch.equal(found.counts[1, 5:], one)


def test_two_chunks_of_two_codes_tell_four_vectors_apart():
    product = ProductVQ(4, 2, 2, ("audio",), "uniform")
    product.embedding.data = torch.tensor([[[-1.0], [1.0]], [[-1.0], [1.0]]])
    corners = torch.tensor([[[-2.0, -2], [-2, 2], [2, -2], [2, 2]]])
    assert product({"audio": corners}).hard["audio"].unique(dim=1).shape[1] == 4


def test_gradients_of_straight_reach_features_and_of_hard_reach_codes():
    product, x = ProductVQ(10, 6, 2, ("audio", "video"), "uniform").double(), streams()
    found = product(x)
    found.straight["audio"].sum().backward()
    assert product.embedding.grad is None and torch.equal(x["audio"].grad, torch.ones_like(x["audio"]))
    found.hard["audio"].sum().backward()
    assert product.embedding.grad.abs().sum() == 3 * 4 * 6


def test_start_on_means_or_vectors_happens_once():
    x = streams()
    for start, places in (
        ("means", sum(x.values()).flatten(0, 1) / 2),
        ("vectors", torch.cat([v.flatten(0, 1) for v in x.values()])),
    ):
        product = ProductVQ(10, 6, 2, ("audio", "video"), start).double()
        product.start(x)
        expected = places[torch.arange(5) * len(places) // 5]
        torch.testing.assert_close(torch.cat(list(product.embedding), dim=-1), expected)
        product.start(streams(1))
        torch.testing.assert_close(torch.cat(list(product.embedding), dim=-1), expected)


@pytest.mark.parametrize(("codes", "dim", "chunks"), [(9, 6, 2), (10, 7, 2), (2, 6, 2)])
def test_sizes_that_do_not_divide(codes, dim, chunks):
    with pytest.raises(ValueError, match=f"multiples of {chunks} chunks, found {codes}, {dim}"):
        ProductVQ(codes, dim, chunks, ("audio",))
