"""Open-set scores: one line per cell, every seed's value."""

import csv
from dataclasses import replace

import pytest

from cmg.report.openset import HEADER, openset_csv
from cmg.results import read_run


def lines(text):
    return list(csv.DictReader(text.splitlines()[1:] if text.startswith("#") else text.splitlines()))


def test_means_and_seeds(inputs):
    runs = [
        replace(run, openset=tuple(replace(cell, h=40.0 + run.seed) for cell in run.openset)) for run in inputs.runs
    ]
    found = lines(openset_csv(runs, inputs.fingerprints, inputs.notice))
    assert [line["method"] for line in found] == ["baseline", "infonce_kmeans", "fcid"]
    fcid = found[-1]
    assert (fcid["task"], fcid["known_classes"], fcid["classes"], fcid["direction"], fcid["toc"]) == (
        "ave",
        "14",
        "28",
        "va",
        "no",
    )
    assert (fcid["h_mean"], fcid["h_sd"], fcid["h_seeds"], fcid["auroc_mean"]) == (
        "41.00",
        "1.00",
        "40.00;41.00;42.00",
        "62.50",
    )
    assert len(fcid["fingerprint"]) == 16


def test_the_notice_comes_first_and_no_runs_give_a_header(inputs):
    assert openset_csv(inputs.runs, {}, inputs.notice).startswith("# sample corpus")
    assert openset_csv([], {}) == ",".join(HEADER) + "\n"


def test_a_cell_twice_is_an_error(inputs):
    run = inputs.runs[0]
    with pytest.raises(ValueError, match="two open-set scores for ave, 14, 28, va, False"):
        openset_csv([replace(run, openset=run.openset * 2)], {})


def test_a_score_outside_percent_is_named(files):
    path = files["runs"][0]
    path.write_text(path.read_text().replace('"auroc": 62.5', '"auroc": 162.5'))
    with pytest.raises(ValueError, match="openset.0.auroc: Input should be less than or equal to 100"):
        read_run(path)
