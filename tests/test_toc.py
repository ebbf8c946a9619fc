"""TOC: the closed form against the pairwise double sum, the released orders, dead dimensions."""

import os
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cmg.toc import RELEASE, dead_dimensions, read_toc, select, toc_scores, write_toc

BOOKS = arrays(
    np.float64, st.tuples(st.integers(2, 6), st.integers(1, 5)), elements=st.floats(-3, 3, allow_subnormal=False)
)
GOLDEN = Path(os.environ.get("CMG_SHARED", Path(__file__).parents[1] / "../shared")) / "golden/fcid/toc.npz"


def double_sum(book, normalise, denominator, ddof):
    size = len(book)
    rows = [row / (np.linalg.norm(row) or 1.0) if normalise else row for row in book]
    pairs = sum(a * b for a, b in permutations(rows, 2))
    mean = sum(rows) / size
    variance = sum((row - mean) ** 2 for row in rows) / (size - ddof)
    return pairs / (size**2 if denominator == "paper" else size * (size - 1)), variance


@settings(max_examples=60)
@given(BOOKS, st.booleans(), st.sampled_from(["paper", "release"]), st.sampled_from([0, 1]), st.floats(0, 1))
def test_equals_the_pairwise_double_sum(book, normalise, denominator, ddof, lam):
    similarity, variance = double_sum(book, normalise, denominator, ddof)
    result = toc_scores(book, normalise=normalise, denominator=denominator, ddof=ddof, lam=lam, dead_last=False)
    np.testing.assert_allclose(result.similarity, similarity, atol=1e-12)
    np.testing.assert_allclose(result.variance, variance, atol=1e-12)
    np.testing.assert_allclose(result.score, lam * variance - (1 - lam) * similarity, atol=1e-12)
    assert (np.diff(result.score[result.ranking]) <= 0).all()
    assert sorted(result.ranking) == list(range(book.shape[1]))


def test_one_case_worked_by_hand():
    result = toc_scores(np.array([[3.0, 4.0], [0.0, 2.0]]))  # rows become (0.6, 0.8) and (0, 1)
    np.testing.assert_allclose(result.similarity, [0.0, 2 * 0.8 / 4])
    np.testing.assert_allclose(result.variance, [0.09, 0.01])
    np.testing.assert_allclose(result.score, [0.027, 0.3 * 0.01 - 0.7 * 0.4])
    assert result.ranking.tolist() == [0, 1]


def test_dead_dimensions_come_last_on_paper_and_are_reported_on_release():
    book = np.abs(np.random.default_rng(0).normal(size=(50, 6))) + 0.5
    book[:, 2], book[:, 4] = 0.0, 7.0
    paper, release = toc_scores(book), toc_scores(book, score="similarity", **RELEASE)
    assert np.flatnonzero(paper.dead).tolist() == np.flatnonzero(release.dead).tolist() == [2, 4]
    assert set(paper.ranking[-2:]) == {2, 4}
    assert release.ranking[0] == 2  # the all-zero dimension leads, as released
    assert release.ranking[-1] == 4


def test_product_and_concatenated_codebooks():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(8, 3)), rng.normal(size=(5, 4))
    product = toc_scores([a, b])
    np.testing.assert_array_equal(product.score, np.concatenate([toc_scores(a).score, toc_scores(b).score]))
    assert sorted(product.ranking) == list(range(7))
    concatenated = rng.normal(size=(800, 768)).astype(np.float32)
    assert toc_scores(concatenated).ranking.shape == (768,)


def test_select_and_its_errors():
    ranking = [4, 2, 0, 1, 3, 5]
    assert select(ranking, 3).tolist() == [4, 2, 0]
    assert select(ranking, 4, worst=0.5).tolist() == [4, 2, 5, 3]
    assert select(ranking, 4, worst=0.25).tolist() == [4, 2, 0, 5]
    assert select(ranking, 2, worst=1).tolist() == [5, 3]
    for q, worst in [(0, 0), (7, 0), (5, 1.5)]:
        with pytest.raises(ValueError, match=f"Q = {q}, worst = {worst}"):
            select(ranking, q, worst)
    for bad in [np.ones(4), np.ones((1, 4)), np.array([[1.0, np.nan], [0, 0]])]:
        with pytest.raises(ValueError, match="codebook 0"):
            toc_scores(bad)
    with pytest.raises(ValueError, match="score='best'"):
        toc_scores(np.eye(3), score="best")


def test_file_round_trip(tmp_path):
    path, result = tmp_path / "toc.json", toc_scores(np.random.default_rng(2).normal(size=(9, 5)))
    write_toc(path, {"full": result}, method="fcid")
    first = path.read_bytes()
    write_toc(path, {"full": result}, method="fcid")
    assert path.read_bytes() == first and [p.name for p in tmp_path.iterdir()] == ["toc.json"]
    np.testing.assert_array_equal(read_toc(path)["full"], result.ranking)
    path.write_text('{"scores": {"full": {"ranking": [0, 0]}}}')
    with pytest.raises(ValueError, match="not a permutation"):
        read_toc(path)


def test_a_run_without_a_codebook_has_no_ranking(tmp_path):
    write_toc(tmp_path / "toc.json", {}, lam=0.3)
    assert read_toc(tmp_path / "toc.json") == {}


@pytest.mark.skipif(not GOLDEN.exists(), reason="reference arrays of the released code are absent (set CMG_SHARED)")
@pytest.mark.parametrize("name", ["gauss", "relu"])
def test_ranks_equal_the_released_ones(name):
    with np.load(GOLDEN) as golden:
        book = golden[f"codebook_{name}"]
        for score, key in [("full", "full"), ("similarity", "simonly"), ("variance", "varonly")]:
            result = toc_scores(book, score=score, **RELEASE)
            np.testing.assert_array_equal(result.ranking, golden[f"rank_{key}_{name}"])
        full = toc_scores(book, **RELEASE)
        np.testing.assert_allclose(full.similarity, golden[f"S_float64_{name}"], rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(full.variance, golden[f"var_unbiased_{name}"], rtol=1e-10)
        for best, worst, q in [(1, 1, 224), (3, 1, 128)]:
            np.testing.assert_array_equal(
                select(full.ranking, q, worst / (best + worst)), golden[f"mixed_{best}_{worst}_{q}_{name}"]
            )
        paper = toc_scores(book)
        np.testing.assert_array_equal(paper.ranking, golden[f"rank_paper_l2norm_{name}"])
        np.testing.assert_allclose(paper.score, golden[f"U_paper_l2norm_{name}"], rtol=1e-10, atol=1e-15)


def test_dead_dimensions_of_a_product_code():
    books = [np.array([[1.0, 0.0, 2.0], [3.0, 0.0, 2.0]]), np.array([[5.0, 1.0], [5.0, 2.0]])]
    assert dead_dimensions(books).tolist() == [False, True, True, True, False]
    assert toc_scores(books).dead.tolist() == [False, True, True, True, False]


def test_tensors_parameters_and_half_precision_score_as_their_numbers_do():
    draws = np.random.default_rng(7)
    for size, dims in ((2, 1), (16, 5), (40, 64)):
        book = draws.standard_normal((size, dims)).astype(np.float32)
        tensor = torch.from_numpy(book)
        for kept in (
            tensor,
            torch.nn.Parameter(tensor),
            [tensor],
            (torch.nn.Parameter(tensor),),
            tensor.double().requires_grad_(),
        ):
            np.testing.assert_array_equal(toc_scores(kept).ranking, toc_scores(book).ranking)
        for kind in (torch.bfloat16, torch.float16):
            rounded = tensor.to(kind)
            found, expected = toc_scores(rounded), toc_scores(rounded.float().numpy())
            np.testing.assert_array_equal(found.score, expected.score)
    both = toc_scores([torch.from_numpy(book), book])
    assert len(both.ranking) == 128
    with pytest.raises(ValueError, match=r"codebook 0 is float32 of shape \(3,\)"):
        toc_scores(torch.zeros(3))


@pytest.mark.parametrize(
    ("book", "options", "said"),
    [
        (np.array([["a", "b"], ["c", "d"]]), {}, "codebook 0 is <U1 of shape"),
        (np.ones((3, 3), complex), {}, "codebook 0 is complex128"),
        (np.ones((3, 3)), {"ddof": 3}, "ddof=3; expected 0 or 1"),
        (np.ones((3, 3)), {"denominator": "papr"}, "denominator='papr'"),
        ([], {}, "0 codebooks"),
    ],
)
def test_what_is_no_codebook_or_option_is_named(book, options, said):
    with pytest.raises(ValueError, match=said):
        toc_scores(book, **options)
