"""The generation branch on the miniature project: table 4 by both tools, and the main line untouched."""

import csv
import json
import shutil

import pytest
from ruamel.yaml import YAML

pytestmark = pytest.mark.e2e

FILE = "branches/generation/dvc.yaml"
MADE = (
    "results/table4.csv",
    "results/table4.md",
    "results/generation.html",
    "results/figure5.png",
    "results/generation/fcid-0.json",
)


def add_branch(project) -> None:
    project.enable("branches/generation")
    file, yaml = project.folder / "params.yaml", YAML()
    values = yaml.load(file.read_text())
    values["datasets"]["flickrsound"] = {"source": "sample", "held_out": 5}
    for modality in ("video", "audio", "text", "pixels"):
        values["stores"][modality].append("flickrsound")
    values["scales"]["mini"]["corpus"]["flickrsound"] = {"train": 6, "val": 0, "test": 5}
    values["scales"]["mini"]["generation"]["steps"] = 20
    with file.open("w") as handle:
        yaml.dump(values, handle)


def bytes_of(project):
    return {name: (project.folder / name).read_bytes() for name in MADE}


def test_table_4_by_both_tools(project):
    add_branch(project)
    project.run("dvc", "repro", FILE)
    made = bytes_of(project)
    rows = list(csv.DictReader(made["results/table4.csv"].decode().splitlines()[1:]))
    ours = {(row["method"], row["toc"], row["direction"]) for row in rows if row["kind"] == "method"}
    assert ours == {(m, toc, d) for m in ("baseline", "fcid") for toc in ("no", "yes") for d in ("ii", "ai", "ti")}
    assert json.loads(made["results/generation/fcid-0.json"])["rows"][0]["n"] == 5
    dry = project.run("snakemake", "-n", "results/table4.csv")
    assert "Nothing to be done" in dry.stdout + dry.stderr
    for name in (*MADE, "receipts/table4", "receipts/generate"):
        target = project.folder / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    project.run("snakemake", "--cores", "1", "results/table4.csv")
    assert bytes_of(project) == made
    assert "0 problems" in project.run("pipeline", "verify", "results/table4.csv").stdout
