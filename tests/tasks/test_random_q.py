"""TOC's dimensions beside as many chosen at random."""

from dataclasses import replace

import numpy as np
import pytest

from cmg.tasks import strict
from cmg.tasks.codes import RunCodes
from cmg.tasks.evaluate import evaluate_run


@pytest.fixture(scope="module")
def telling(world):
    """The world's codes whose first half of dimensions tells nothing, and a ranking that puts the telling half
    first."""
    book = world.codes.codebooks[0].copy()
    half = book.shape[1] // 2
    book[:, :half] = np.random.default_rng(0).normal(size=(1, half))
    ranking = np.concatenate([np.arange(half, 2 * half), np.arange(half)])
    return RunCodes([book], world.codes.entries), {"full": ranking}


def test_every_cell_with_toc_has_ten_random_scores_of_its_q(world, telling, fast):
    codes, rankings = telling
    cells = evaluate_run(codes, world.indices, rankings, fast, ["ave", "avvp"])
    for cell in cells:
        assert len(cell.side.get("random_q", [])) == (strict.RANDOM_CHOICES if cell.toc else 0)
    kept = [
        cell for cell in cells if cell.toc and cell.direction in ("va", "av") and cell.q == len(rankings["full"]) // 2
    ]
    assert kept and all(cell.score >= np.mean(cell.side["random_q"]) for cell in kept)


def test_a_random_score_is_that_of_a_head_on_these_dimensions_alone(world, telling, fast):
    codes, rankings = telling
    found = next(
        c for c in evaluate_run(codes, world.indices, rankings, fast, ["ucf_vgg"]) if c.toc and c.direction == "va"
    )
    size = len(rankings["full"])
    drawn = np.random.default_rng(3).permutation(size)
    chosen = np.concatenate([drawn[: found.q], np.setdiff1d(np.arange(size), drawn[: found.q])])
    alone = replace(fast, q_grid=(found.q / size,))
    again = next(
        c
        for c in evaluate_run(codes, world.indices, {"full": chosen}, alone, ["ucf_vgg"])
        if c.toc and c.direction == "va"
    )
    assert again.score == found.side["random_q"][3]


def test_scored_at_random_a_cell_is_the_mean_and_retrieval_has_none(world, telling, fast):
    codes, rankings = telling
    ranked, random = ({(c.direction, c.toc): c for c in evaluate_run(codes, world.indices, rankings, options, ["avvp"])}
                      for options in (fast, replace(fast, toc_score="random")))  # fmt: skip
    for key, cell in ranked.items():
        assert random[key].q == cell.q
        assert random[key].score == (pytest.approx(np.mean(cell.side["random_q"])) if cell.toc else cell.score)


def test_without_a_ranking_there_is_no_random_choice(world, fast):
    assert not any("random_q" in cell.side for cell in evaluate_run(world.codes, world.indices, None, fast, ["avvp"]))
