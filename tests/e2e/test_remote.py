"""`dvc push` to a remote and `dvc pull` in another clone: there both tools have nothing to do."""

import shutil
import subprocess

import pytest

from tests.e2e import miniature

pytestmark = pytest.mark.e2e


def test_another_clone_pulls_what_was_pushed(project, made_by_dvc, tmp_path):
    remote, other = tmp_path / "remote", miniature.Project(tmp_path / "clone")
    project.dvc("remote", "add", "--default", "store", str(remote))
    project.commit("remote")
    project.dvc("push", "--run-cache")
    subprocess.run(["git", "clone", "--quiet", str(project.folder), str(other.folder)], check=True)
    shutil.rmtree(project.folder)
    assert not (other.folder / "data/features").exists()
    other.dvc("pull", "--run-cache")
    assert other.digests() == made_by_dvc.digests()
    assert "up to date" in other.dvc("status") and other.would_run() == set() and other.snakemake_would_run() == set()


def test_what_earlier_parameters_gave_is_pulled_and_not_run(project, tmp_path):
    """With the run cache: a result that another machine has, though the last commit there is another's."""
    project.dvc("remote", "add", "--default", "store", str(tmp_path / "remote"))
    lam = project.value("toc")["lam"]
    before = project.digests()
    project.set("toc.lam", 0.7)
    project.dvc("repro", "toc@fcid-0")
    project.commit("edited")
    project.dvc("push", "--run-cache")
    other = miniature.Project(tmp_path / "clone")
    subprocess.run(["git", "clone", "--quiet", str(project.folder), str(other.folder)], check=True)
    other.dvc("pull", "--run-cache", "--allow-missing")
    other.set("toc.lam", lam)
    said = other.dvc("repro", "--pull", "toc@fcid-0")
    assert "is cached" in said and "toc@fcid-0" not in miniature.ran(said)
    name = "data/toc/fcid-0.json"
    assert other.digests()[name] == before[name]
