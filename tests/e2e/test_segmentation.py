"""The segmentation branch on the miniature project: its table by both tools to the same bytes, and the main line
untouched."""

import csv
import shutil

import pytest

pytestmark = pytest.mark.e2e

FILE = "branches/segmentation/dvc.yaml"
TABLE = "results/codaar_avs.csv"
MADE = (TABLE, "results/codaar_avs.md", "results/segmentation.html")


def test_the_table_of_segmentation_by_both_tools(project):
    project.enable("branches/segmentation")
    project.set("scales.mini.segmentation.epochs", 2)
    project.set("scales.mini.segmentation.check_every", 1)
    before = project.digests()
    project.run("dvc", "repro", FILE)
    made = {name: (project.folder / name).read_bytes() for name in MADE}
    rows = list(csv.DictReader(made[TABLE].decode().splitlines()[1:]))
    asked = {(row["method"], row["direction"]) for row in rows if row["kind"] in ("method", "control")}
    assert asked == {(method, direction) for method in ("Baseline", "FCID") for direction in ("A→T", "T→A")}
    assert {row["method"] for row in rows if row["kind"] == "reference"} == {"No query", "The class as query"}
    dry = project.run("snakemake", "-n", TABLE)
    assert "Nothing to be done" in dry.stdout + dry.stderr
    for name in (*MADE, "receipts/segmentation/segmentation", "receipts/segmentation/segment", "results/segmentation"):
        target = project.folder / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    project.run("snakemake", "--cores", "1", TABLE)
    assert {name: (project.folder / name).read_bytes() for name in MADE} == made
    assert "0 problems" in project.run("pipeline", "verify", TABLE).stdout
    after = project.digests()
    read_whole = ("data/features/", "data/index/", "data/codes/")  # by stages of the main line
    assert {path for path in after if path.startswith(read_whole)} <= before.keys()
    assert {path for path in before if after.get(path) != before[path]} == set()
    assert project.would_run() == set()
