"""CoDAAR's Table 8: printed rows of every list below ours."""

from dataclasses import replace

import pytest

from cmg.report import latex
from cmg.report.layout import CODAAR_TABLE8
from cmg.report.markdown import table_markdown
from cmg.report.metrics import metrics
from cmg.report.published import read_published
from cmg.report.tablecsv import read_table, read_tables, table_csv
from cmg.report.tables import make_table
from tests.report.test_tables import row_of

PRINTED = {  # CoDAAR's supplement, Table 8: AVE→AVVP and UCF↔VGG, V→A and A→V each; 40K, 90K; average of the eight
    "Baseline": ("1.5 4.3 17.1 12.3", "2.5 3.3 19.2 14.4", "9.3"),
    "DCID": ("53.0 52.4 67.1 60.6", "57.8 57.5 69.9 66.5", "60.6"),
    "MICU": ("56.3 54.9 75.3 64.5", "54.1 51.6 73.7 67.0", "62.2"),
    "CoDAAR": ("55.8 56.5 73.5 66.5", "52.3 60.2 71.2 65.0", "62.6"),
}


def markdown_rows(text):
    return [
        [field.strip() for field in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]


def test_codaars_table_8_stands_whole_below_ours(make_run):
    """Every printed number under its list, methods that were not run included."""
    table = make_table([make_run("fcid")], read_published(), {}, layout=CODAAR_TABLE8, pretraining="90k")
    head, _, *rows = markdown_rows(table_markdown(table))
    assert head[:4] == ["Method", "Kind", "Pretraining", "Protocol"] and rows[-12][:2] == [
        "Baseline (published)",
        "published",
    ]
    scores = slice(head.index("AVE→AVVP V→A"), head.index("Average") + 1)
    found = {(row[0], row[2]): " ".join(row[scores]).replace("*", "").split() for row in rows[-12:]}
    for method, (small, large, average) in PRINTED.items():
        name = f"{method} (published)"
        assert (
            found[name, "40k"] == small.split()
            and found[name, "90k"] == large.split()
            and found[name, "40k and 90k"] == [average]
        )
    assert {row[2] for row in rows[:-12]} == {"90k"} and {row[3] for row in rows[-12:]} == {""}


@pytest.mark.parametrize(("pretraining", "beside"), [("40k", "67.1"), ("90k", "69.9")])
def test_published_numbers_of_the_runs_list_stand_beside_them(make_run, pretraining, beside):
    runs = [replace(make_run("fcid"), method="dcid")]
    table = make_table(runs, read_published(), {}, layout=CODAAR_TABLE8, pretraining=pretraining)
    row = row_of(table, "dcid", False, "method")
    assert row.cells["ucf_vgg_va"].published == beside and row.cells["cross_dataset_avg"].published == ""


def test_runs_on_both_lists_stand_in_one_table(make_run, tmp_path, capsys):
    files = [tmp_path / "codaar_table8.csv", tmp_path / "avel90k.csv"]
    for file, pretraining in zip(files, ("40k", "90k"), strict=True):
        file.write_text(
            table_csv(
                make_table([make_run("fcid")], read_published(), {}, layout=CODAAR_TABLE8, pretraining=pretraining)
            )
        )
    table = read_tables(files, CODAAR_TABLE8)
    rows = [row.pretraining for row in table.rows if (row.method, row.toc, row.kind) == ("fcid", False, "method")]
    assert rows == ["40k", "90k"] and sum(row.kind == "published" for row in table.rows) == 12
    assert latex.main(list(map(str, files))) == 0
    assert "FCID & 90k & strict" in capsys.readouterr().out
    (tmp_path / "openset.csv").write_text("a\n1\n")
    assert (
        latex.main([str(tmp_path / "openset.csv"), str(files[1])]) == 1 and "can be joined" in capsys.readouterr().err
    )


def test_a_table_with_lists_goes_to_csv_and_back_and_leaves_the_metrics_alone(make_run, tmp_path):
    table = make_table([make_run("fcid")], read_published(), {}, layout=CODAAR_TABLE8)
    (tmp_path / "t.csv").write_text(table_csv(table))
    back = read_table(tmp_path / "t.csv", CODAAR_TABLE8)
    assert [(row.kind, row.method, row.pretraining) for row in back.rows] == [
        (row.kind, row.method, row.pretraining) for row in table.rows
    ]
    assert back.rows[-1].cells["cross_dataset_avg"].published == "62.6"
    assert {name for name in metrics(table) if name.startswith(("codaar", "micu", "dcid"))} == set()
    assert not any(row.kind == "published" for row in make_table([make_run("fcid")], read_published(), {}).rows)
