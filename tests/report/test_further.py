"""Open set, both protocols and sweeps as page tables; what the setting tables say of runs."""

from dataclasses import replace

import pytest

from cmg.report.further import protocol_table, swept_table
from cmg.report.inputs import Training, read_training
from cmg.report.openset import open_table
from cmg.report.protocols import protocols_csv
from cmg.report.setting import kept_table, training_table
from cmg.report.sweeps import sweep_layout, sweep_table
from cmg.report.tablecsv import table_csv


def texts(table):
    return [[field.text for field in fields] for _, fields in table.rows]


def test_open_set_scores_are_means_over_seeds(inputs):
    runs = [
        replace(run, openset=tuple(replace(cell, h=40.0 + run.seed) for cell in run.openset)) for run in inputs.runs
    ]
    table = open_table(runs)
    assert [text for text, _ in table.heads[:6]] == ["Method", "Protocol", "Task", "Direction", "Known classes", "H"]
    assert texts(table)[-1][:6] == ["FCID", "strict", "AVE", "V→A", "14 of 28", "41.0"] and texts(table)[-1][-1] == "3"
    assert table.rows[-1][1][5].lines == (("sd", "± 1.0"),)
    assert open_table([]).rows == ()


def test_both_protocols_stand_side_by_side(make_run, tmp_path):
    path = tmp_path / "protocols.csv"
    strict, published = (
        [make_run("fcid", seed, protocol, level=level) for seed in (0, 1)]
        for protocol, level in (("strict", 50), ("published", 57))
    )
    path.write_text(protocols_csv(strict, published, "sample corpus"))
    first = texts(protocol_table(path))[0]
    assert first == ["FCID", "AVE V→A", "50.62", "3.50", "top-1", "57.62", "3.50", "accuracy", "7.00", "0 of 41"]
    path.write_text("method,score\n")
    with pytest.raises(ValueError, match=r"protocols.csv: expected the fields method,toc"):
        protocol_table(path)


def test_a_sweep_is_shown_as_its_file_holds_it(inputs, make_run, tmp_path):
    runs = tuple(
        replace(make_run("fcid", seed, level=30.0), method=name)
        for name in ("fcid", "fcid+codebook_12")
        for seed in (0, 1)
    )
    layout = sweep_layout("table9")
    path = tmp_path / "table9.csv"
    path.write_text(table_csv(sweep_table(layout, replace(inputs, runs=runs), ["fcid+codebook_12", "fcid"])))
    table = swept_table(path, "codebook_12: codebook_size: 12")
    assert table.title == "Table 9" and table.caption.endswith("Rows: codebook_12: codebook_size: 12.")
    assert [row[0] for row in texts(table)] == [
        "Chance",
        "FCID codebook_12",
        "FCID",
        "FCID codebook_12+TOC",
        "FCID+TOC",
    ]
    path.write_text("x\n")
    with pytest.raises(ValueError, match="table9.csv"):
        swept_table(path, "")


def test_schedules_are_grouped_and_an_import_is_named(tmp_path):
    schedule = {"epochs": 15, "batch_size": 32, "learning_rate": 4e-4, "precision": "float32", "standardise": True}
    found = texts(
        training_table([*(Training(f"fcid-{seed}", 291, schedule) for seed in (0, 10, 2)), Training("dcid-0")])
    )
    assert found == [
        ["FCID", "0, 2, 10", "291", "15", "32", "0.0004", "float32", "standardised per channel"],
        ["DCID", "0", "", "", "", "", "", "imported, not trained here"],
    ]
    path = tmp_path / "fcid-0/checkpoint.json"
    path.parent.mkdir()
    path.write_text('{"clips": {"used": 7}, "pretrain": {"epochs": 2}}')
    assert read_training(path) == Training("fcid-0", 7, {"epochs": 2})
    path.write_text("[]")
    with pytest.raises(ValueError, match="checkpoint.json"):
        read_training(path)


def test_the_chosen_q_is_told_seed_by_seed_where_seeds_differ(make_run):
    def chosen(seed, q):
        run = make_run("fcid", seed)
        return replace(
            run,
            cells=tuple(
                replace(cell, q=q) if (cell.task, cell.direction) == ("ave", "va") else cell for cell in run.cells
            ),
        )

    table = kept_table([chosen(0, 64), chosen(1, 196)])
    assert dict(zip((text for text, _ in table.heads), texts(table)[0], strict=True))["AVE V→A"] == "64, 196"
    assert dict(zip((text for text, _ in table.heads), texts(table)[0], strict=True))["AVE A→V"] == "128"
