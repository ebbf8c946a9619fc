"""Sweeps on the miniature project: a table's own points and nothing else, the default point from the main run, both
tools alike."""

import csv
from pathlib import Path

import pytest
from ruamel.yaml import YAML

pytestmark = pytest.mark.e2e

FILE = "ablations/fcid/dvc.yaml"
POINTS = {"codebook_12": {"codebook_size": 12}, "no_club": {"losses": {"club_audio": False, "club_video": False}}}


def add_sweeps(project) -> None:
    """FCID's sweeps with two points; tables that are not wanted hold the main run alone."""
    project.enable("ablations/fcid")
    (project.folder / FILE).unlink()
    refused = project.run("snakemake", "-n", "results/table9.csv", check=False)
    assert refused.returncode and "first python -m pipeline enable ablations/fcid" in refused.stdout + refused.stderr
    project.run("pipeline", "enable", "ablations/fcid")
    file, yaml = project.folder / "ablations/fcid/params.yaml", YAML()
    values = yaml.load(file.read_text())
    values["points"] = POINTS
    wanted = {
        "table5": ["default", "no_club"],
        "table6": ["toc_similarity", "default"],
        "table9": ["codebook_12", "default"],
    }
    values["tables"] = {table: wanted.get(table, ["default"]) for table in values["tables"]}
    with file.open("w") as handle:
        yaml.dump(values, handle)
    wait_for_rows(project.folder / "ablations/fcid/dvc.yaml", values["tables"])


def wait_for_rows(file: Path, tables: dict[str, list[str]]) -> None:
    """Rows of the tables under their deps."""
    yaml = YAML()
    written = yaml.load(file.read_text())
    for table, listed in tables.items():
        deps = written["stages"][table]["deps"]
        folders = [f"{room}/ablations/fcid+{row}" for room in ("results", "receipts") for row in listed]
        deps[:] = folders + [dep for dep in deps if "/ablations/" not in dep]
    with file.open("w") as handle:
        yaml.dump(written, handle)


def rows(project, table):
    return list(csv.DictReader((project.folder / f"results/{table}.csv").read_text().splitlines()[1:]))


def row_of(project, table, method, toc):
    (found,) = [
        row for row in rows(project, table) if (row["method"], row["toc"], row["kind"]) == (method, toc, "method")
    ]
    return found


def jobs(done) -> set[str]:
    lines = (done.stdout + done.stderr).splitlines()
    return {
        line.split()[1].rstrip(":").removeprefix("ablations_fcid_dvc_yaml_")
        for line in lines
        if line.startswith(("rule ", "localrule "))
    }


def test_a_table_makes_its_points_and_nothing_else(project):
    before = project.digests()
    add_sweeps(project)
    assert project.would_run() == set(), "a bare dvc repro leaves sweeps alone"
    assert jobs(project.run("snakemake", "-j1", "--dry-run")) == set(), "so does a bare snakemake"

    made = jobs(project.run("snakemake", "-j2", "results/table9.csv"))
    assert made == {f"{stage}_codebook_12_0" for stage in ("pretrain", "codes", "toc", "evaluate")} | {
        "default_0",
        "table9",
    }
    assert {path: digest for path, digest in project.digests().items() if path in before} == before
    assert {row["method"] for row in rows(project, "table9")} == {"chance", "fcid", "fcid+codebook_12"}
    main = row_of(project, "table1", "fcid", "no")
    assert row_of(project, "table9", "fcid", "no") == main and len(main["fingerprint"]) == 16
    assert row_of(project, "table9", "fcid+codebook_12", "no")["fingerprint"] != main["fingerprint"]

    said = project.dvc("repro", f"{FILE}:table6")
    ran = {
        line.split("'")[1].removeprefix(f"{FILE}:") for line in said.splitlines() if line.startswith("Running stage")
    }
    assert ran == {"score@toc_similarity-0", "table6"}, (
        "DVC knows what Snakemake made, and nothing is trained for table 6"
    )
    assert [(row["method"], row["toc"]) for row in rows(project, "table6")] == [
        ("chance", ""),
        ("fcid", "no"),
        ("fcid+toc_similarity", "yes"),
        ("fcid", "yes"),
    ]

    project.edit("ablations/fcid/params.yaml", "codebook_size: 12", "codebook_size: 10")
    done = project.run("pipeline", "verify", "results/table9.csv", check=False)
    problems = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]
    assert problems == [
        "PROBLEM ablations/fcid/params.yaml: points.codebook_12 edited since pretrain/fcid+codebook_12-0 ran"
    ]
