"""`python -m pipeline times`: reads logs of finished stages, changes nothing that is hashed."""

import csv

from pipeline import files, paths, receipts


def finish(stage, item):
    with receipts.record(stage, item, inputs=[], outputs=[], params={}):
        pass


def test_times_of_finished_stages(folder, capsys):
    project = folder()
    for stage, item in (("scan", "ave"), ("toc", "fcid-0"), ("index", "ave")):
        finish(stage, item)
    files.write_json(paths.log("scan", "gone"), {"stage": "scan", "item": "gone", "seconds": 99})  # of a dataset that is no more
    paths.log("index", "ave").unlink()
    before = project.files("receipts")
    assert project.run("times") == 0
    assert project.files("receipts") == before
    with open("results/times.csv", newline="") as handle:
        assert next(handle).startswith("# sample corpus")
        rows = list(csv.DictReader(handle))
    assert [(row["stage"], row["item"], row["method"]) for row in rows] == [("scan", "ave", ""), ("toc", "fcid-0", "fcid")]
    assert all("core" in row["processor"] and float(row["peak_memory_gib"]) > 0 for row in rows)
    assert "no log here of 1 finished stage: index/ave" in capsys.readouterr().out
