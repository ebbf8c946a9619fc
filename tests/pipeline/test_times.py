"""`python -m pipeline times`: reads logs of finished stages, changes nothing that is hashed."""

import csv
import json
from itertools import product

from cmg.files import write_json
from cmg.results import Run, write_run
from pipeline import paths
from pipeline.orchestration import receipts
from tests.report.conftest import make_cell


def finish(stage, item):
    with receipts.record(stage, item, inputs=[], outputs=[], params={}):
        pass


def test_the_average_beside_the_costs_is_that_of_the_runs_results(folder):
    project = folder()
    finish("pretrain", "fcid-0")
    training = {
        "epochs": 5,
        "batch_size": 8,
        "precision": "float32",
        "processes": 1,
        "threads": 1,
        "seconds_per_epoch": 3.0,
    }
    log = json.loads(paths.log("pretrain", "fcid-0").read_text())
    write_json(paths.log("pretrain", "fcid-0"), {**log, "training": training})
    ways = enumerate(product(("ave", "avvp"), ("va", "av")))
    cells = tuple(make_cell(task=task, direction=direction, score=40 + n) for n, (task, direction) in ways)
    write_run(paths.run_result("fcid-0"), Run("fcid", "paper", 0, "strict", cells))
    assert project.run("times") == 0
    with open("results/table8.csv", newline="") as handle:
        next(handle)
        ours = [row["average"] for row in csv.DictReader(handle) if row["source"] == "ours"]
    assert ours == ["41.50"]


def test_times_of_finished_stages(folder, capsys):
    project = folder()
    for stage, item in (("scan", "ave"), ("toc", "fcid-0"), ("index", "ave")):
        finish(stage, item)
    # of a dataset that is no more
    write_json(paths.log("scan", "gone"), {"stage": "scan", "item": "gone", "seconds": 99})
    paths.log("index", "ave").unlink()
    before = project.files("receipts")
    assert project.run("times") == 0
    assert project.files("receipts") == before
    with open("results/times.csv", newline="") as handle:
        assert next(handle).startswith("# sample corpus")
        rows = list(csv.DictReader(handle))
    assert [(row["stage"], row["item"], row["method"]) for row in rows] == [
        ("scan", "ave", ""),
        ("toc", "fcid-0", "fcid"),
    ]
    assert all("core" in row["processor"] and float(row["peak_memory_gib"]) > 0 for row in rows)
    assert "no log here of 1 finished stage: index/ave" in capsys.readouterr().out
