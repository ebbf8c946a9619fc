"""SIGKILL in the middle of features or of pretraining; either tool continues and ends in the same bytes."""

import pytest

from tests.e2e import miniature

pytestmark = pytest.mark.e2e

TOOLS = {"dvc": ("dvc", "repro"), "snakemake": ("snakemake", "-j1", "results/table1.csv", "results/report.html")}


@pytest.mark.parametrize(("first", "second"), [("dvc", "snakemake"), ("snakemake", "dvc")])
def test_killed_in_features_and_by_the_other_tool_in_pretraining(made_by_dvc, tmp_path, first, second):
    """One tool begins, the other takes over and is killed too, the first ends it: the bytes of an undisturbed run, known to both."""
    project = miniature.create(tmp_path / "p")
    work = project.folder / "data/.work"
    miniature.kill_when(project.start(*TOOLS[first]), lambda: any(work.glob("features/**/journal*")))
    project.run("snakemake", "--unlock", check=False)
    miniature.kill_when(project.start(*TOOLS[second]), lambda: any((project.folder / "data/checkpoints").glob("*")))
    project.run("snakemake", "--unlock", check=False)
    project.run(*TOOLS[first])
    assert project.digests() == made_by_dvc.digests()
    assert "up to date" in project.dvc("status")
    assert project.would_run() == set()
    assert project.snakemake_would_run() == set()
