"""A cell of a table explained from a run's own files, and what a user can ask wrongly."""

import shutil

import numpy as np
import pytest

from cmg.answers import keep, keeping, write_answers
from cmg.report.tablecsv import table_csv
from cmg.report.tables import make_table
from cmg.report.write import write_text
from cmg.results import Run, write_run
from pipeline import paths
from tests.pipeline.conftest import REPOSITORY
from tests.report.conftest import make_cells

CLASSES = ("Bark", "Church bell", "Violin")


def told(seed):
    """Six clips of which the last two are wrong, the last in seed 0 alone; and one of localisation."""
    with keeping() as found:
        answered = np.array([0, 0, 1, 1, 0, 2 if seed else 1])
        keep(("ave", "va", False), "ave", np.arange(6), CLASSES, np.array([0, 0, 1, 1, 2, 2]), answered)
        keep(
            ("avvp", "va", False),
            "avvp",
            np.arange(1),
            CLASSES,
            np.ones((1, 4, 3), bool),
            np.ones((1, 4, 3), bool) & (np.arange(3) < 2),
        )
    return found


@pytest.fixture
def made(folder):
    found = folder()
    shutil.copy(REPOSITORY / "dvc.yaml", found.path)
    runs = []
    for seed in (0, 1):
        runs.append(Run("fcid", "paper", seed, "strict", make_cells(60.0, seed)))
        write_run(paths.run_result(f"fcid-{seed}"), runs[-1])
        ids = {name: [f"{name} {row}" for row in range(6)] for name in ("ave", "avvp")}
        write_answers(paths.answers(f"fcid-{seed}"), told(seed), ids)
    write_text(paths.TABLE1, table_csv(make_table(runs, (), {run.name: "ab" * 8 for run in runs})))
    return found


def test_a_cell_is_explained_from_head_to_clips(made, capsys):
    assert made.run("explain results/table1.csv fcid ave_va") == 0
    said = capsys.readouterr().out
    for expected in (
        *(
            "FCID, AVE V→A: 60.62 ± 0.88 %: 60.00 (seed 0), 61.25 (seed 1)",
            "protocol strict, variant paper",
            "fingerprint abababab",
        ),
        *(
            "of 300 clips",
            "40 validation clips",
            "of 41 clips",
            "28 classes",
            "seed 1: 61.25, epoch",
            "data/codes/fcid-0.safetensors",
        ),
        *(
            "100.0  Bark (2 clips)",
            "25.0  Violin (2 clips)",
            "2  Violin taken for Bark",
            "1  Violin taken for Church bell",
        ),
        *("2 clips are wrong in some seed, 1 in all", "row 4 'ave 4': Violin; said: Bark (seed 0); Bark (seed 1)"),
    ):
        assert expected in said, (expected, said)
    assert said.index("row 4") < said.index("row 5 'ave 5': Violin; said: Church bell (seed 0)\n")


def test_localisation_counts_seconds(made, capsys):
    assert made.run("explain results/table1.csv fcid avvp_va --clips 0") == 0
    said = capsys.readouterr().out
    assert "per class, F in percent" in said and "0.0  Violin (1 clips)" in said and "100.0  Bark" in said
    assert (
        "16  Violin taken for" not in said
        and "8  Violin taken for (nothing)" in said
        and "and 1 more (--clips 1)" in said
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("results/table1.csv fcdi ave_va", "unknown key 'fcdi'; did you mean 'fcid'?"),
        ("results/table1.csv fcid ave_av_", "unknown key 'ave_av_'; did you mean 'ave_av'?"),
        ("results/table1.csv fcid avg", "unknown key 'avg'"),
        ("results/table1.csv fcid_toc ave_va", "did you mean 'fcid'? (the row with TOC: --toc)"),
        ("results/table1.md fcid ave_va", "no table of heads; expected table1.csv or codaar_table8.csv"),
        ("results/table10.csv fcid ave_va", "no table of heads; expected table1.csv or codaar_table8.csv"),
        (
            "results/codaar_table8.csv fcid ucf_vgg_va",
            "codaar_table8.csv: no such file or directory; first: python -m pipeline tables",
        ),
    ],
)
def test_what_cannot_be_explained_is_one_line(made, capsys, words, expected):
    assert made.run(f"explain {words}") == 1
    assert expected in capsys.readouterr().err


def test_a_run_without_answers_names_the_command(made, capsys):
    paths.answers("fcid-1").unlink()
    assert made.run("explain results/table1.csv fcid ave_va") == 1
    assert capsys.readouterr().err.strip().endswith("first: python -m pipeline evaluate fcid 1")


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("results/table1.csv", "method,toc\nfcid,no\n", "results/table1.csv: expected the header of table 1"),
        ("results/runs/fcid-1.json", '{"method": "fcid"', "results/runs/fcid-1.json: Invalid JSON"),
        (
            "results/runs/fcid-1.json",
            '{"method": 1}',
            "results/runs/fcid-1.json: method: Input should be a valid string, found 1 (and ",
        ),
        ("results/answers/fcid-0.parquet", "x", "results/answers/fcid-0.parquet: not a parquet file"),
        ("receipts/toc/fcid-0.json", "x", "receipts/toc/fcid-0.json: not a receipt"),
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(made, capsys, file, text, said):
    path = made.path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert made.run("explain results/table1.csv fcid ave_va") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said) and "dvc repro" in line
