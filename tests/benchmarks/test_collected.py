"""Runs of several projects in one file and two tables."""

import pandas as pd
import pytest

from benchmarks.collected import KEYS, main, rows, runs, tables
from cmg.report.layout import CELLS
from cmg.results import Cell, Run, write_run

SIZES = {
    "n_fit": 9,
    "n_val": 4,
    "n_test": 5,
    "classes": 3,
    "chance": 30.0,
    "fit_modality": "video",
    "test_modality": "audio",
}


def run(seed: int, level: float) -> Run:
    """Cells rise by one along table 1; the bound stands ten above, TOC one; recall is half of the level."""
    cells = [
        Cell(spec.task, direction, toc, "top1", level + place + bonus + toc, 128 if toc else None, **SIZES)
        for place, spec in enumerate(CELLS)
        for direction, bonus in ((spec.direction, 0), (spec.bound_direction, 10))
        for toc in (False, True)
    ]
    recalls = [
        Cell("clotho", direction, toc, "recall", level / 2, None, **SIZES)
        for direction in ("at", "ta")
        for toc in (False, True)
    ]
    return Run("fcid", "paper", seed, "strict", (*cells, *recalls))


@pytest.fixture
def projects(tmp_path):
    for name, seed, level in (("one", 0, 20.0), ("one", 1, 30.0), ("two", 1, 40.0)):
        folder = tmp_path / name / "results" / "runs"
        folder.mkdir(parents=True, exist_ok=True)
        write_run(folder / f"fcid-{seed}.json", run(seed, level))
        (tmp_path / name / "results" / "table1.csv").write_text("# sample corpus\nmethod\n")
    return [tmp_path / "one", tmp_path / "two"]


def test_a_later_projects_run_takes_the_place_of_an_earlier_ones(projects):
    frame = pd.DataFrame(rows(runs(projects)))
    assert frame.average.tolist() == [23.5, 24.5, 43.5, 44.5]  # levels 20 and 40, cells 0 to 7 above them
    assert frame.same.tolist() == [33.5, 34.5, 53.5, 54.5] and frame.retrieval.tolist() == [10, 10, 20, 20]


def test_tables_and_file(projects, tmp_path, monkeypatch, capsys):
    out = tmp_path / "all.csv"
    monkeypatch.setattr("sys.argv", ["collected", *map(str, projects), "--out", str(out)])
    main()
    first, second = capsys.readouterr().out.strip().split("\n\n")
    assert (
        first.splitlines()[-1]
        == "| `fcid` | paper | 23.5, 43.5 | 33.5 ± 14.1 | 34.5 ± 14.1 | 43.5 ± 14.1 | 15.0 ± 7.1 |"
    )
    assert second.splitlines()[-1].startswith("| `fcid` | paper | 30.0 ± 14.1 | 31.0 ± 14.1 |")
    assert out.read_text().startswith("# sample corpus\n") and pd.read_csv(out, comment="#")[KEYS].iloc[
        0
    ].tolist() == list(range(20, 28))


def test_a_method_without_a_codebook_has_no_toc():
    bare = Run(
        "simmmdg", "paper", 0, "strict", tuple(cell for cell in run(0, 20.0).cells if not cell.toc), codebook=False
    )
    assert "| – |" in tables(pd.DataFrame(rows([bare])))


def test_folders_without_runs_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["collected", str(tmp_path)])
    with pytest.raises(SystemExit, match="no runs in"):
        main()
