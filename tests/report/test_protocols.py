"""Both protocols side by side."""

import csv
import io
from dataclasses import replace

import pytest

from cmg.report.protocols import COMPARED, protocols_csv
from cmg.results import Run
from tests.report.conftest import make_cell


def test_lines_hold_both_scores_and_their_difference(make_run):
    strict, published = (
        [make_run(seed=seed, protocol=p, level=level) for seed in (0, 1)]
        for p, level in (("strict", 40), ("published", 55))
    )
    text = protocols_csv(strict, published, "sample corpus")
    assert text.startswith("# sample corpus\n")
    rows = list(csv.DictReader(io.StringIO(text.partition("\n")[2])))
    assert len(rows) == 16 and {row["toc"] for row in rows} == {"yes", "no"}
    first = rows[0]
    assert (first["method"], first["cell"], first["seeds"], first["inflation"]) == ("fcid", "ave_va", "0;1", "15.00")
    assert (first["strict_score_mean"], first["published_score_mean"]) == ("40.62", "55.62")
    assert (first["strict_n_test_fitted"], first["strict_n_test"]) == ("0", "41")


def test_a_cell_that_one_protocol_lacks_has_no_line(make_run):
    rows = protocols_csv([make_run()], [make_run(protocol="published", skip=("avvp_va",))]).splitlines()
    assert not any(",avvp_va," in row for row in rows) and any(",avvp_av," in row for row in rows)


def test_other_runs_are_refused(make_run):
    with pytest.raises(ValueError, match=r"strict runs \['fcid-0'\], published runs \['fcid-1'\]"):
        protocols_csv([make_run()], [make_run(seed=1)])


def test_retrieval_stands_below_the_cells_of_table_1(make_run):
    runs = [
        with_recall(make_run(protocol=protocol), score) for protocol, score in (("strict", 20.0), ("published", 23.5))
    ]
    rows = list(csv.DictReader(io.StringIO(protocols_csv(runs[:1], runs[1:]))))
    assert [row["cell"] for row in rows if row["toc"] == "no"][-1] == "clotho_at" and rows[8]["inflation"] == "3.50"
    assert rows[8]["strict_metric"] == "recall" and COMPARED["clotho_at"] == "Clotho A→T"


def with_recall(run: Run, score: float) -> Run:
    cell = make_cell(task="clotho", direction="at", metric="recall", score=score, n_fit=0, n_test=9)
    return replace(run, cells=(*run.cells, cell))
