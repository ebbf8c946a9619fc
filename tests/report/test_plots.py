"""Training curves for `dvc plots`: means over runs, windows of steps, runs that do not fit together."""

import csv

import pytest

from cmg.report.history import read_history
from cmg.report.plots import POINTS, write_plots


def history(folder, run, rows, terms=("recon", "total", "usage_audio")):
    path = folder / run / "history.csv"
    path.parent.mkdir()
    lines = [",".join(("step", "epoch", *terms)), *(f"{step},1,{','.join(map(str, values))}" for step, values in rows)]
    path.write_text("\n".join(lines) + "\n")
    return read_history(path)


def read(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_file_for_each_method_and_term_with_the_mean_over_seeds(tmp_path):
    found = [
        history(tmp_path, "fcid-0", [(1, (4, 5, 0.5)), (2, (2, 3, 0.5))]),
        history(tmp_path, "fcid-1", [(1, (2, 3, 0.5)), (2, (1, 2, 0.5))]),
        history(tmp_path, "dcid-0", [(1, (7, 7, 0.5))]),
    ]
    written = write_plots(tmp_path / "plots", found)
    assert [path.relative_to(tmp_path / "plots").as_posix() for path in written] == [
        "fcid/recon.csv",
        "fcid/total.csv",
        "dcid/recon.csv",
        "dcid/total.csv",
    ]
    assert read(written[0]) == [["step", "recon"], ["1", "3"], ["2", "1.5"]]
    assert read(written[3]) == [["step", "total"], ["1", "7"]]


def test_long_runs_are_means_over_windows(tmp_path):
    rows = [(step, (step % 2, 0, 0)) for step in range(1, 2 * POINTS + 1)]
    (path, _) = write_plots(tmp_path / "plots", [history(tmp_path, "fcid-0", rows)])
    lines = read(path)[1:]
    assert len(lines) == POINTS and {value for _, value in lines} == {"0.5"} and lines[0][0] == "1.5"


def test_runs_of_one_method_that_differ_are_named(tmp_path):
    found = [history(tmp_path, "fcid-0", [(1, (1, 1, 1))]), history(tmp_path, "fcid-1", [(2, (1, 1, 1))])]
    with pytest.raises(ValueError, match="fcid-1: expected the steps and terms of fcid-0"):
        write_plots(tmp_path / "plots", found)


def test_imported_checkpoints_alone_leave_an_empty_folder(tmp_path):
    """It is what the stage promises to make."""
    assert write_plots(tmp_path / "plots", [history(tmp_path, "fcid-0", [], terms=())]) == []
    assert list((tmp_path / "plots").iterdir()) == []
