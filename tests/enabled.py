"""The project with every sweep and side branch enabled."""

import shutil
import subprocess
import sys
from contextlib import chdir
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline import paths
from pipeline.orchestration import dag

REPO = Path(__file__).parent.parent


@cache
def stages() -> dag.Stages:
    """Every stage there is, as params.yaml is shipped."""
    with TemporaryDirectory() as made:
        for name in ("dvc.yaml", "params.yaml"):
            shutil.copy(REPO / name, made)
        subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], cwd=made, check=True)
        for file in (file for room in paths.ASIDE for file in (REPO / room).glob("*/stages.yaml")):
            place = Path(made) / file.parent.relative_to(REPO)
            shutil.copytree(file.parent, place, ignore=shutil.ignore_patterns("dvc.*"))
            (place / "dvc.yaml").symlink_to("stages.yaml")
        with chdir(made):
            return dag.stages()
