"""A run beside the log of a real training, finished or while it trains."""

import csv

import pytest

from pipeline import curves, paths


def write_history(run: str, steps: int) -> None:
    path = paths.checkpoint(run) / "history.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows(
            [["step", "epoch", "total", "cpc"], *([s, 1, 100 - s / 10, 20] for s in range(1, steps + 1))]
        )


def test_a_finished_run_and_one_that_is_trained(folder, capsys):
    project = folder()
    write_history("dcid-0", 150)
    with curves.shown("dcid-1", 64) as show:
        for step in range(1, 60):
            show(step, 200, {"step": step, "epoch": 1, "total": 90.0, "usage/video": 0.5})
    assert project.run("curves dcid-0 dcid-1 --beside dcid-90k") == 0
    said = capsys.readouterr().out
    assert (
        said.startswith("DCID, audio, video and text, 90K")
        and "dcid-0: batches of 32, rate 0.0004, features standardised" in said
    )
    assert "dcid-0  total              step   100  log    79.2400  run    90.8500    1.15 times" in said
    assert (
        "dcid-1  total              step    20  log    97.3600  run    90.0000" in said
        and "step 301: codes never used are restarted" in said
    )
    assert ">dcid-1<" in paths.beside("dcid-90k").read_text()


@pytest.mark.parametrize(("words", "status"), [("curves dcid-7", 1)])
def test_a_run_that_is_not_there_is_one_line(folder, capsys, words, status):
    assert folder().run(words) == status
    assert (
        "data/checkpoints/dcid-7/history.csv: no such run, and nothing under logs/pretrain/dcid-7/plots/metrics"
        in capsys.readouterr().err
    )
