"""The log of a real training: what it holds, and a run's losses beside it."""

import math
from itertools import pairwise

import numpy as np
import pytest

from cmg.report.beside import RESETS, at_step, beside_figure, compared, known_logs, read_printed
from cmg.report.history import History

LOG = read_printed("dcid-90k")


def test_the_terms_of_the_log_sum_to_its_total_and_fall_from_epoch_to_epoch():
    assert known_logs() == ["dcid-90k"] and "87,323 clips in batches of 64" in LOG.source
    parts = [name for name in LOG.columns if name.partition("_")[0] in ("recon", "commit", "club", "cpc", "cmcm")]
    assert len(parts) == 11
    for step, total in LOG.points("total"):
        place = LOG.steps.index(step)
        assert math.fsum(LOG.columns[name][place] for name in parts) == pytest.approx(total, abs=0.01), step
    ends = [dict(LOG.points("total"))[1365 * epoch + 1360] for epoch in range(6)]
    assert all(later < earlier for earlier, later in pairwise(ends))


def test_the_first_resets_show_as_a_wave():
    agreement = dict(LOG.points("agreement"))
    before, after = (
        max(step for step in agreement if step < RESETS[0]),
        min(step for step in agreement if step > RESETS[0]),
    )
    assert (
        (before, after) == (300, 320)
        and max(agreement, key=agreement.get) == 280
        and agreement[280] == 27
        and agreement[after] == 1
    )
    for term in ("commit_audio", "commit_text", "cmcm"):
        assert dict(LOG.points(term))[after] < dict(LOG.points(term))[before]


def run_of(steps: int, **columns) -> History:
    return History("dcid-0", tuple(range(1, steps + 1)), {name: tuple(values) for name, values in columns.items()})


def test_a_run_is_averaged_over_the_steps_that_the_log_averages():
    losses = np.random.default_rng(0).normal(size=300)
    history = run_of(300, total=losses, agreement=losses, mine_alone=losses)
    assert at_step(history, "total", 0) == pytest.approx(losses[0])
    assert at_step(history, "total", 100) == pytest.approx(losses[81:101].mean())
    assert at_step(history, "agreement", 280) == losses[280]
    found = compared(history, LOG)
    assert {term for term, *_ in found} == {"total", "agreement"}
    assert [step for term, step, *_ in found if term == "total"] == [0, 20, 100, 200]  # as far as the run is
    assert next(theirs for term, step, theirs, _ in found if (term, step) == ("total", 100)) == 79.24


def test_every_term_that_both_have_is_a_panel():
    svg = beside_figure([run_of(30, total=range(30), cpc=range(30), other=range(30))], LOG)
    assert ">total<" in svg and ">cpc<" in svg and ">other<" not in svg and ">cmcm<" not in svg and ">dcid-90k<" in svg
    assert svg == beside_figure([run_of(30, total=range(30), cpc=range(30), other=range(30))], LOG)
