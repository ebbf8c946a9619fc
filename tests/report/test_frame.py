"""Scores as data frames, and rows of any table as CSV and Markdown."""

from dataclasses import replace

import pandas as pd
import pytest

from cmg.report.frame import in_order, over_seeds, read, records, scores
from cmg.report.markdown import markdown_page, markdown_table
from cmg.report.tablecsv import csv_text
from cmg.report.tables import Summary
from cmg.results import write_run
from tests.report.conftest import OPEN, make_cell


def test_a_folder_of_runs_is_a_line_per_score(make_run, tmp_path):
    runs = [make_run("fcid", 0), replace(make_run("baseline", 3), cells=(make_cell(n_val=None, side={"r1": 4.5}),))]
    for run in runs:
        write_run(tmp_path / f"{run.name}.json", run)
    found = read(tmp_path)
    assert len(found) == 1 + len(runs[0].cells) and list(found["run"].unique()) == ["baseline-3", "fcid-0"]
    first = found.iloc[0]
    assert (first["cell"], first["bound"], first["r1"], first["score"]) == ("ave_va", False, 4.5, 61.0)
    assert found["bound"].sum() == len(runs[0].cells) / 2 and found["toc"].dtype == bool
    assert found["n_val"].dtype == "Int64" and records(found)[0]["n_val"] is None and records(found)[1]["n_val"] == 40
    assert "side" not in found and found["r1"].isna().sum() == len(runs[0].cells)


@pytest.mark.parametrize("kind", ["scores", "open-set scores"])
def test_no_runs_have_the_same_columns(make_run, kind):
    run = replace(make_run(), openset=(OPEN,))
    assert list(scores([], kind)) == list(scores([run], kind)) and scores([], kind)["toc"].dtype == bool


def test_a_score_twice_is_an_error(make_run):
    run = make_run()
    with pytest.raises(ValueError, match="run fcid-0: two scores for ave, top-1, va, False; expected one"):
        scores([replace(run, cells=run.cells[:1] * 2)])


def test_over_seeds_each_line_has_every_seed_in_order(make_run):
    found = scores([make_run("fcid", seed, skip=("ave_va",) if seed == 2 else ()) for seed in (2, 1, 0)])
    lines = over_seeds(found, ["cell", "toc"], ["score"], {"fcid-0": "a", "fcid-1": "a"}, first=["n_val"])
    held = {(line["cell"], line["toc"]): line for line in records(lines)}
    cell, other = held["ave_va", False], held["ave_av", False]
    assert cell["seeds"] == (0, 1) and cell["score"] == Summary(61.625, pytest.approx(0.8838834765), (61.0, 62.25))
    assert (cell["fingerprint"], cell["n_val"]) == ("a", 40) and (other["seeds"], other["fingerprint"]) == (
        (0, 1, 2),
        "",
    )
    assert [line["cell"] for line in records(in_order(lines, lambda line: (line.cell,)))] == sorted(lines["cell"])


def test_fields_of_a_csv():
    row = {
        "text": 'a,"b"',
        "whole": 3,
        "none": None,
        "flag": True,
        "number": -0.001,
        "many": (1.0, None, 2),
        "s": "5.10",
    }
    assert csv_text(row, [row], "a  notice\nof two lines", "", digits={"number": 1}).splitlines() == [
        "# a notice of two lines",
        "text,whole,none,flag,number,many,s",
        '"a,""b""",3,,yes,0.0,1.00;;2,5.10',
    ]
    names = ("h", "h_mean", "h_sd", "h_seeds", "h_published", "h_difference")
    cells = [Summary(1.0, 0.5, (0.5, None), "3.2", -2.2), Summary(2.0), Summary(values=(None,)), Summary(applies=False)]
    lines = csv_text(names, ({"h": cell} for cell in cells)).splitlines()
    assert lines[1:] == ["3.2,1.00,0.50,0.50;,3.2,-2.20", "2.00,2.00,,,,", ",,,,,", "n/a,n/a,,,,"]


def test_a_frame_keeps_whole_numbers_whole():
    frame = pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "x": [float("nan"), 0.5], "t": [True, None]})
    assert csv_text(frame, records(frame)) == "n,x,t\n1,,yes\n,0.50,\n"


def test_markdown_aligns_numbers_and_says_first_what_is_not_real():
    table = markdown_table(["Method", "#Score"], [["FCID", "61.2"]])
    assert table.splitlines() == ["| Method | Score |", "| --- | ---: |", "| FCID | 61.2 |"]
    assert markdown_page("a|b", "# T", table).startswith("> **a\\|b**\n\n# T\n\n| Method")
    assert markdown_page("", table) == table + "\n"
