"""One miniature project made by ``dvc repro`` for the whole test session (all workers); tests that change it work on a
copy."""

import pytest

from tests.e2e import miniature


@pytest.fixture(scope="session")
def made_by_dvc(tmp_path_factory):
    return miniature.once(tmp_path_factory, "e2e", _run_by_dvc)


def _run_by_dvc(folder):
    project = miniature.create(folder)
    project.dvc("repro")
    project.commit("ran")


@pytest.fixture
def project(made_by_dvc, tmp_path):
    return made_by_dvc.copy_to(tmp_path / "copy")
