"""DVC and Snakemake on the same project: either does the work, the other finds nothing to do, both end in the same
bytes."""

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


def test_after_dvc_nothing_is_left_for_either_tool(project):
    assert project.would_run() == set()
    assert project.snakemake_would_run() == set()
    assert "up to date" in project.dvc("status")


def test_the_table_says_what_it_is_made_of(project):
    text = (project.folder / "results/table1.csv").read_text()
    first, *rest = text.splitlines()
    assert "sample corpus" in first and "random" in first
    rows = list(csv.DictReader(rest))
    assert {row["method"] for row in rows} >= {"baseline", "fcid", "chance"}
    assert all(row["protocol"] == "strict" and len(row["fingerprint"]) == 16 for row in rows if row["method"] == "fcid")
    metrics = json.loads((project.folder / "results/metrics.json").read_text())
    assert "fcid" in metrics


def test_dvc_plots_shows_the_training_curves(project):
    shown = json.loads(project.dvc("plots", "show", "--json"))["data"]
    (plot,) = shown["results/plots/fcid/total.csv"]
    points = plot["content"]["data"]["values"]
    assert [point["step"] for point in points] == ["1", "2", "3", "4"] and all(
        float(point["total"]) > 0 for point in points
    )
    assert any(name.startswith("results/plots/baseline/") for name in shown)


def test_an_edited_codebook_size_redoes_that_method_and_what_follows(project):
    project.set("fcid.codebook_size", 12)
    expected = {f"{stage}@fcid-0" for stage in ("pretrain", "codes", "toc", "evaluate")} | {"tables", "plots", "report"}
    stale = project.would_run()
    assert "pretrain@fcid-0" in stale and stale <= expected
    assert "pretrain_fcid_0" in project.snakemake_would_run()
    project.snakemake()
    by_snakemake = project.digests()
    assert "up to date" in project.dvc("status")
    again = project
    again.set("fcid.codebook_size", 16)
    again.dvc("repro")
    again.set("fcid.codebook_size", 12)
    again.run("dvc", "repro", "--force", "--single-item", "pretrain@fcid-0")
    again.dvc("repro")
    assert again.digests() == by_snakemake
    assert again.snakemake_would_run() == set()


def test_experiments_have_rows_and_the_queue_works(project):
    project.dvc("exp", "run", "-S", "fcid.codebook_size=8", "--name", "eight")
    project.dvc("exp", "run", "--queue", "-S", "fcid.codebook_size=10", "--name", "ten")
    project.dvc("queue", "start")
    project.dvc("queue", "logs", "ten", "--follow")
    (shown,) = re.findall("^    dvc (exp show .*)", Path("README.md").read_text(), re.MULTILINE)
    rows = list(csv.DictReader(project.dvc(*shlex.split(shown), "--csv").splitlines()))
    assert set(rows[0]) == {"Experiment", "fcid.ave_av", "fcid.ave_va", "fcid.codebook_size"}, "few enough to be read"
    sizes = {row["Experiment"]: row["fcid.codebook_size"] for row in rows if row["Experiment"]}
    assert sizes == {"eight": "8", "ten": "10"}


def test_the_tools_that_the_readme_names(project):
    found = project.run("pipeline", "check").stdout
    assert all(name in found for name in ("vggsound_avel", "ave", "mscoco"))
    assert project.run("pipeline", "store", "verify").stdout.count("no problems") == 8
    assert "recipe" in project.run("pipeline", "store", "show", "data/features/ave/audio.zarr").stdout
    project.run("pipeline", "store", "export", "data/features/ave/audio.zarr", "out/ave_audio.h5")
    assert (project.folder / "out/ave_audio.h5").stat().st_size > 0
    project.set("evaluate.q_fixed", 0.5)
    project.dvc("repro")
    assert "results/metrics.json" in project.dvc("metrics", "diff")
    assert project.run("pipeline", "record").stdout.startswith("recorded: nothing")
    assert "results/table8.csv" in project.run("pipeline", "times").stdout
    assert "pretrain,fcid-0,fcid," in (project.folder / "results/times.csv").read_text()
