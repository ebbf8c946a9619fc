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
    project.dvc("push")
    subprocess.run(["git", "clone", "--quiet", str(project.folder), str(other.folder)], check=True)
    shutil.rmtree(project.folder)
    assert not (other.folder / "data/features").exists()
    other.dvc("pull")
    assert other.digests() == made_by_dvc.digests()
    assert "up to date" in other.dvc("status") and other.would_run() == set() and other.snakemake_would_run() == set()
