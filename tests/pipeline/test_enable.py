"""Sweeps and side branches: known to the tools when their user says so."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import makers, paths
from pipeline.__main__ import main
from pipeline.orchestration import dag, handover

REPO = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(REPO / name, tmp_path)
    for room in paths.ASIDE:
        shutil.copytree(REPO / room, tmp_path / room, ignore=shutil.ignore_patterns("dvc.*"))
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files() -> set[str]:
    return {stage.file for stage in dag.stages()}


def test_nothing_but_the_main_line_is_known_until_it_is_enabled(project, capsys):
    assert files() == {"dvc.yaml"}
    assert main(["enable", "ablations/fcid/"]) == main(["enable", "ablations/fcid"]) == 0
    assert "dvc repro ablations/fcid/dvc.yaml" in capsys.readouterr().out
    assert files() == {"dvc.yaml", "ablations/fcid/dvc.yaml"}
    Path("ablations/fcid/dvc.yaml").unlink()
    assert files() == {"dvc.yaml"}


def test_a_file_of_the_users_own_stays(project):
    own = Path("branches/generation/dvc.yaml")
    own.write_text("stages: {}\n")
    assert main(["enable", "branches/generation"]) == 0
    assert own.read_text() == "stages: {}\n" and not own.is_symlink()


@pytest.mark.parametrize("folder", ["ablations/fcdi", "../ablations/fcid", "cmg", ""])
def test_what_is_none_is_refused(project, capsys, folder):
    assert main(["enable", folder]) == 1
    assert "no sweep or side branch; there are: ablations/codaar, ablations/fcid" in capsys.readouterr().err
    assert not (project / folder / "dvc.yaml").is_symlink()


def test_a_target_of_what_is_not_enabled_names_the_command(project):
    for target, folder in (("results/table9.csv", "ablations/fcid"), ("results/table4.csv", "branches/generation")):
        assert makers.command_of(Path(target)) == makers.repro(Path(folder))
        with pytest.raises(handover.Disabled, match=f"{target}: first python -m pipeline enable {folder}$"):
            handover.refuse_disabled(dag.stages(), ["-j8", target])
        assert main(["enable", folder]) == 0
        handover.refuse_disabled(dag.stages(), ["-j8", target])
    handover.refuse_disabled(dag.stages(), ["-n", "results/table1.csv", "data", "all", "no_such_rule"])
