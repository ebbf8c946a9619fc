"""One miniature project made by ``dvc repro`` for the whole test session (all workers); tests that change it work on a copy."""

import os

import pytest
from filelock import FileLock

from tests.e2e import miniature


@pytest.fixture(scope="session")
def made_by_dvc(tmp_path_factory):
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    project = miniature.Project(shared / "e2e")
    with FileLock(shared / "e2e.lock"):
        if not (shared / "e2e.done").exists():
            miniature.create(project.folder)
            project.dvc("repro")
            project.commit("ran")
            (shared / "e2e.done").touch()
    return project


@pytest.fixture
def project(made_by_dvc, tmp_path):
    return made_by_dvc.copy_to(tmp_path / "copy")
