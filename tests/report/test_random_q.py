"""random_q.csv: TOC beside random choices of as many dimensions."""

import csv
import io
import statistics
from dataclasses import replace

import pytest

from cmg.report.layout import CELLS, label
from cmg.report.randomq import HEADER, random_q_csv


def with_random(run, less):
    """The run's cells with TOC have ten random scores around `less` below theirs."""
    cells = tuple(
        replace(c, side={"random_q": [c.score - less + d for d in range(-4, 6)]}) if c.toc else c for c in run.cells
    )
    return replace(run, cells=cells)


def lines(text):
    return list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))


def test_a_line_per_cell_and_the_average(make_run):
    runs = [with_random(make_run("fcid", seed), less) for seed, less in ((0, 2.0), (1, 4.0), (2, 3.0))]
    found = lines(random_q_csv(runs, {}, "sample corpus"))
    assert [line["cell"] for line in found] == [*(spec.key for spec in CELLS), "avg"]
    for line in found:
        assert line["gain_seeds"] == "1.50;3.50;2.50" and line["gain_mean"] == "2.50" and line["seeds"] == "0;1;2"
        assert float(line["toc_mean"]) - float(line["random_mean"]) == pytest.approx(2.5, abs=0.011)
        assert float(line["gain_sd"]) == pytest.approx(statistics.stdev([1.5, 3.5, 2.5]), abs=0.005)
    assert random_q_csv(runs, {}, "sample corpus").startswith("# sample corpus\n")


def test_cells_without_random_scores_have_no_line(make_run):
    assert random_q_csv([make_run()], {}) == ",".join(HEADER) + "\n"
    partly = with_random(make_run(skip=("ave_va",)), 1.0)
    assert [line["cell"] for line in lines(random_q_csv([partly], {}))] == [
        spec.key for spec in CELLS if spec.key != "ave_va"
    ]


def test_the_row_of_table_6_says_what_it_is():
    assert (
        label("fcid+toc_random", True) == "FCID+random Q"
        and label("fcid+toc_variance", True) == "FCID toc_variance+TOC"
    )
