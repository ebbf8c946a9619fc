"""What `pip install .` installs: `cmg` alone, whole, with its command, and able to work outside the checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
BUILT_FROM = ("cmg", "pyproject.toml", "README.md", "LICENSE")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that the checkout gets no build folder."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in (*BUILT_FROM, "pipeline"):
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, source / name)
    _run(*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source))
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    _run(*PIP, "install", "--quiet", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def _run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(site, code, cwd):
    """What code prints that finds the installed package and nothing of the checkout."""
    environment = {"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    return _run(sys.executable, "-P", "-c", code, cwd=cwd, env=environment)


def test_the_wheel_holds_cmg_alone_and_every_file_of_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {file.relative_to(REPOSITORY).as_posix() for file in (REPOSITORY / "cmg").rglob("*") if file.is_file()}
    assert held == {name for name in wanted if "__pycache__" not in name}


def test_tables_and_templates_are_found_outside_the_checkout(installed, tmp_path):
    code = """
import cmg
from cmg.datasets.prompts import FOLDER, read_prompts
from cmg.report import page, published
print(cmg.__file__)
print(len(read_prompts(FOLDER / "vggsound_avel.csv")), len(list(page.HERE.glob("*.j2"))), published.FILE.is_file())
"""
    file, counts = python(installed, code, tmp_path).splitlines()
    assert Path(file).is_relative_to(installed)
    templates = len(list((REPOSITORY / "cmg/report").glob("*.j2")))
    assert counts == f"141 {templates} True"


def test_the_command_is_installed_and_answers_without_torch(installed, tmp_path):
    script = installed / "bin/cmg"
    assert "from cmg.cli import main" in script.read_text()
    code = (
        "import sys; from cmg.cli import main\ntry: main(['--help'])\nexcept SystemExit: print('torch' in sys.modules)"
    )
    said = python(installed, code, tmp_path)
    assert all(command in said for command in ("extract", "encode", "nearest")) and said.endswith("False\n")


def test_nothing_of_cmg_reaches_outside_its_folder():
    """A path that climbs out of the package is found in the checkout and nowhere else."""
    for file in (REPOSITORY / "cmg").rglob("*.py"):
        text, depth = file.read_text(encoding="utf-8"), len(file.relative_to(REPOSITORY / "cmg").parts)
        for climbed in range(depth, 6):
            assert f"parents[{climbed}]" not in text, file
