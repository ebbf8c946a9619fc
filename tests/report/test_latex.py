"""LaTeX of every CSV in results/: lines of as many fields as columns, specials escaped, errors that say what can be
printed."""

import json
import re
from dataclasses import replace

import pytest

from cmg.report import latex
from cmg.report.inputs import ReportInputs
from cmg.report.logs import Log
from cmg.report.protocols import protocols_csv
from cmg.report.sweeps import sweep_layout, sweep_table
from cmg.report.tablecsv import table_csv
from cmg.report.times import write_times
from cmg.report.write import write_tables

FIELD = re.compile(r"(?<!\\)&")
SPECIAL = "a_b & 50% #1 {x} ~ ^ \\ $"
ESCAPED = r"a\_b \& 50\% \#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{} \$"
TRAINED = {
    "seconds_per_epoch": 60.0,
    "batch_size": 80,
    "precision": "float32",
    "epochs": 5,
    "threads": 1,
    "processes": 1,
}


def printed(file, capsys) -> list[str]:
    assert latex.main([str(file)]) == 0
    return capsys.readouterr().out.splitlines()


def body(lines) -> list[list[str]]:
    """Fields of the lines below the head; every line ends a row and has as many fields as the environment has
    columns."""
    (begin,) = [line for line in lines if r"\begin{tabular}" in line]
    spec = begin.rpartition(r"\begin{tabular}{")[2][:-1]
    columns = len(re.sub(r"\*\{(\d+)\}\{r\}", lambda found: "r" * int(found[1]), spec))
    rows = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert all(row.endswith(r" \\") and len(FIELD.findall(row)) == columns - 1 for row in rows)
    return [[field.strip() for field in FIELD.split(row.removesuffix(r"\\"))] for row in rows]


@pytest.mark.parametrize("name", ["table1", "table2", "table10", "codaar_table8", "openset"])
def test_what_the_tables_stage_writes(inputs, tmp_path, capsys, name):
    write_tables(tmp_path, inputs)
    lines = printed(tmp_path / f"{name}.csv", capsys)
    assert lines[0].startswith("% sample corpus, random backbones") and r"\begin{table*}" in lines
    assert "FCID" in {row[0] for row in body(lines)}
    if name == "codaar_table8":
        assert body(lines)[-1] == ["CoDAAR (published)", "40k and 90k", "", "", "", "", "", r"\textit{62.6}"]


@pytest.mark.parametrize("name", ["table5", "table7", "codaar_figure7"])
def test_tables_of_sweeps(make_run, tmp_path, capsys, name):
    runs = tuple(
        replace(make_run("fcid", level=level), method=method) for method, level in (("fcid", 60), ("fcid+no_club", 40))
    )
    table = sweep_table(
        sweep_layout(name), ReportInputs(runs, sample=False, random_backbones=False), ["fcid", "fcid+no_club"]
    )
    (tmp_path / f"{name}.csv").write_text(table_csv(table))
    assert r"FCID no\_club" in {row[0] for row in body(printed(tmp_path / f"{name}.csv", capsys))}


def test_cost_and_times_with_whatever_a_machine_is_called(tmp_path, capsys):
    logs = [Log("pretrain", f"fcid-{seed}", 300.0 + seed, SPECIAL, 2.5, {"training": TRAINED}) for seed in (0, 1)]
    write_times(tmp_path, logs, notice=SPECIAL)
    lines = printed(tmp_path / "table8.csv", capsys)
    assert any(row[:3] == ["FCID", "ours", f"{ESCAPED}, 1 used"] for row in body(lines))
    assert any(row[:2] == ["MICU", "CoDAAR, Supplement Table 9"] for row in body(lines)) and lines[-2].startswith(
        rf"\caption{{{ESCAPED}"
    )
    assert [row[0] for row in body(printed(tmp_path / "times.csv", capsys))] == ["pretrain"] * 2


def test_both_protocols_with_mean_and_deviation_in_one(make_run, tmp_path, capsys):
    sides = [
        [make_run(seed=seed, protocol=p, level=level) for seed in (0, 1)]
        for p, level in (("strict", 40), ("published", 35))
    ]
    (tmp_path / "protocols.csv").write_text(protocols_csv(*sides, "sample corpus"))
    lines = printed(tmp_path / "protocols.csv", capsys)
    first = body(lines)[0]
    assert first[:5] == ["FCID", "no", r"ave\_va", "0;1", r"40.62 $\pm$ 0.88"] and first[-1] == "-5.00"
    assert "strict score & strict chance" in next(line for line in lines if line.startswith("method"))


@pytest.mark.parametrize(
    ("name", "text"), [("table1", "a,b\n1,2\n"), ("metrics", json.dumps({})), ("protocols", "a,b\n1\n"), ("table8", "")]
)
def test_another_file_is_named_with_what_can_be_printed(tmp_path, capsys, name, text):
    (tmp_path / f"{name}.csv").write_text(text)
    assert latex.main([str(tmp_path / f"{name}.csv")]) == 1
    said = capsys.readouterr().err
    assert (
        f"{name}.csv: expected" in said
        and "can be printed: table1, table2, table10, codaar_table8, table8, protocols" in said
    )


def test_a_file_that_is_not_there_is_named(tmp_path, capsys):
    assert latex.main([str(tmp_path / "table1.csv")]) == 1 and "table1.csv" in capsys.readouterr().err
    assert latex.main([]) == 2
