"""Masks of code dimensions and what a decoder makes of them, on decoders whose errors are known in closed form."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from cmg.tasks.reconstruction import SHARES, Encoded, examples, kept, masked_errors, psnr, random_masks, toc_mask, worse
from cmg.toc import toc_scores


def encoded(decode, codes=16, dims=128, pictures=6, side=2, size=4, mean=0.0, seed=0):
    """Random indices into a random codebook, whose whole codes give the pictures exactly."""
    generator = torch.Generator().manual_seed(seed)
    codebook = torch.randn(codes, dims, generator=generator, dtype=torch.float64) + mean
    indices = torch.randint(codes, (pictures, side, side), generator=generator)
    return Encoded(decode(codebook[indices]), indices, codebook, decode, batch=4)


def grey(values):
    """[n,s,s] -> pictures [n,3,s,s] about 0.5."""
    return (0.5 + values).unsqueeze(1).expand(-1, 3, -1, -1)


def coherent(codes):
    """Every dimension adds to the same direction: a picture's grey is the sum of its code."""
    return grey(codes.abs().sum(-1) * 1e-3)


def orthogonal(codes):
    """Every dimension has a pixel of its own."""
    return 0.5 + codes.flatten(1).reshape(len(codes), 1, 1, -1).expand(-1, 3, -1, -1) * 0.05


def test_sizes_are_the_papers():
    assert [kept(128, share) for share in SHARES] == [16, 32, 48, 64, 80, 96]
    assert [kept(256, share) for share in SHARES] == [32, 64, 96, 128, 160, 192]
    assert kept(4, 0.875) == 1 and kept(128, 0) == 128


@pytest.mark.parametrize("size", [1, 16, 96, 128])
def test_random_masks_keep_as_many_dimensions_each_as_often_and_are_those_of_their_seed(size):
    masks = random_masks(128, size, 400, seed=5)
    assert masks.shape == (400, 128) and (masks.sum(axis=1) == size).all()
    share = size / 128
    assert abs(masks.mean(axis=0) - share).max() < 5 * math.sqrt(share * (1 - share) / 400) + 1e-12
    assert (masks == random_masks(128, size, 400, seed=5)).all()
    assert (masks[:1] == random_masks(128, size, 1, seed=5)).all(), "the first of few is the first of many"
    if 1 < size < 128:
        assert (masks != random_masks(128, size, 400, seed=6)).any()


def test_tocs_mask_is_the_beginning_of_tocs_ranking():
    rng = np.random.default_rng(1)
    for _ in range(20):
        ranking = toc_scores(rng.normal(size=(30, 24)) + rng.normal(size=24)).ranking
        size = int(rng.integers(1, 25))
        assert set(np.flatnonzero(toc_mask(ranking, size))) == set(ranking[:size])


def test_all_dimensions_kept_is_plain_decoding_bit_for_bit():
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(8, 3, 3, padding=1)
    with torch.no_grad():
        e = encoded(lambda codes: layer(codes.float().permute(0, 3, 1, 2)).sigmoid(), dims=8)
    whole = e.table(np.ones(8, bool), "zero")
    assert torch.equal(whole, e.codebook) and torch.equal(e.table(np.ones(8, bool), "mean"), e.codebook)
    with torch.no_grad():
        assert torch.equal(e.rebuilt(whole, 0, 6), e.decode(e.codebook[e.indices]).clamp(0, 1))
    assert e.error(whole) < 1e-12


@pytest.mark.parametrize("share", SHARES)
def test_a_decoder_with_one_shared_direction_follows_the_square_of_the_share(share):
    """All dimensions of a code add up: what is lost is the share of the whole deviation."""
    ones = torch.ones(16, 128, dtype=torch.float64)
    e = replace(encoded(coherent), codebook=ones, pictures=coherent(ones[torch.zeros(6, 2, 2, dtype=torch.int64)]))
    for keep in random_masks(128, kept(128, share), 3, seed=0):
        assert e.error(e.table(keep, "zero")) == pytest.approx(share**2 * 0.128**2, rel=1e-9)
    e = encoded(coherent)
    drawn = [e.error(e.table(keep, "zero")) for keep in random_masks(128, kept(128, share), 20, seed=0)]
    assert np.mean(drawn) == pytest.approx(share**2 * e.error(torch.zeros_like(e.codebook)), rel=0.1)


@pytest.mark.parametrize("share", SHARES)
def test_a_decoder_with_orthogonal_directions_follows_the_share(share):
    e = encoded(orthogonal, pictures=40, codes=64)
    drawn = [_unclamped(e, keep) for keep in random_masks(128, kept(128, share), 20, seed=0)]
    assert np.mean(drawn) == pytest.approx(share * _unclamped(e, np.zeros(128, bool)), rel=0.05)


def _unclamped(e, keep):
    return (e.decode(e.table(keep, "zero")[e.indices]) - e.decode(e.codebook[e.indices])).square().mean().item()


def test_the_error_is_the_mean_over_pictures_of_clamped_pixels_whatever_the_batch():
    e = encoded(lambda codes: grey(codes.sum(-1)), dims=8, pictures=7)
    keep = np.arange(8) < 3
    table = e.table(keep, "zero")
    wanted = (e.decode(table[e.indices]).clamp(0, 1) - e.pictures).square().mean().item()
    for batch in (1, 3, 7, 64):
        assert replace(e, batch=batch).error(table) == pytest.approx(wanted, rel=1e-12)


def test_a_masked_dimension_becomes_zero_or_its_mean_over_the_codes():
    e, keep = encoded(orthogonal, mean=2.0), np.arange(128) < 50
    assert torch.equal(e.table(keep, "zero")[:, :50], e.codebook[:, :50]) and not e.table(keep, "zero")[:, 50:].any()
    torch.testing.assert_close(e.table(keep, "mean")[:, 50:], e.codebook[:, 50:].mean(0).expand(16, -1))


def test_centring_leaves_indices_and_whole_pictures_and_makes_zero_the_mean():
    e = encoded(orthogonal, mean=1.5)
    centred, whole, keep = e.as_read("centred"), np.ones(128, bool), np.arange(128) < 40
    vectors = e.codebook[e.indices] + 0.01
    nearest = torch.cdist(vectors.flatten(0, 2), e.codebook).argmin(1)
    moved = torch.cdist(vectors.flatten(0, 2) - e.codebook.mean(0), centred.codebook).argmin(1)
    assert torch.equal(nearest, moved) and centred.indices is e.indices
    torch.testing.assert_close(centred.codebook.mean(0), torch.zeros(128, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(centred.rebuilt(centred.table(whole, "zero"), 0, 6), e.rebuilt(e.codebook, 0, 6))
    torch.testing.assert_close(
        centred.rebuilt(centred.table(keep, "zero"), 0, 6), e.rebuilt(e.table(keep, "mean"), 0, 6)
    )
    assert e.as_read("plain") is e


def test_the_count_by_hand():
    assert worse([0.1, 0.2, 0.3, 0.3], 0.2) == 2 and worse([0.1], 0.1) == 0 and worse([0.2, 0.3], 0.1) == 2
    assert psnr(0.01) == pytest.approx(20) and psnr(1) == 0 and psnr(0) == math.inf


def test_errors_of_every_share_and_examples_in_the_papers_order():
    """An informative half and a useless one: TOC by variance keeps the first, and no random mask is better."""
    generator = torch.Generator().manual_seed(2)
    codebook = torch.randn(32, 16, generator=generator, dtype=torch.float64) * torch.tensor([1.0] * 8 + [1e-3] * 8)
    indices = torch.randint(32, (5, 2, 2), generator=generator)
    e = Encoded(orthogonal(codebook[indices]), indices, codebook, orthogonal)
    rankings = {"variance": toc_scores(codebook.numpy(), score="variance", normalise=False).ranking}
    found = masked_errors(e, rankings, masks=30, fill="zero", seed=0)
    assert [(share["share"], share["kept"], len(share["random"])) for share in found] == [
        (s, kept(16, s), 30) for s in SHARES
    ]
    for share in found:
        assert worse(share["random"], share["toc"]["variance"]) >= 29
    shown = examples(e, rankings["variance"], "zero", seed=0, number=12)
    assert shown.shape == (5, 1 + 2 * len(SHARES), 1, 64, 3) and shown.dtype == np.uint8
    assert (shown[:, 0] == (e.pictures.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy()).all()
    half = 1 + 2 * SHARES.index(0.5)
    assert abs(shown[:, half + 1].astype(int) - shown[:, 0]).max() <= 1, "with the informative half nothing is lost"
    assert abs(shown[:, half].astype(int) - shown[:, 0]).max() > 1
