"""One miniature project made by ``dvc repro`` for the whole test session; tests that change it work on a copy."""

import pytest

from tests.e2e import miniature


@pytest.fixture(scope="session")
def made_by_dvc(tmp_path_factory):
    project = miniature.create(tmp_path_factory.mktemp("e2e") / "dvc")
    project.dvc("repro")
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "ran")
    return project


@pytest.fixture
def project(made_by_dvc, tmp_path):
    return made_by_dvc.copy_to(tmp_path / "copy")
