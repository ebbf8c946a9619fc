"""Both protocols side by side."""

import csv
import io

import pytest

from cmg.report.protocols import protocols_csv


def test_lines_hold_both_scores_and_their_difference(make_run):
    strict, published = (
        [make_run(seed=seed, protocol=p, level=level) for seed in (0, 1)] for p, level in (("strict", 40), ("published", 55))
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
