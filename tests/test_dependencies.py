"""What is declared is what is imported: nothing more, nothing less, and an extra holds what it alone needs."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]
OWN = {"cmg", "pipeline", "benchmarks", "tests"}
NAMESPACES = ("ruamel",)  # several distributions share the first part of their modules' names
NOT_IMPORTED = {  # name: what it is there for
    "mypy": "types of cmg and pipeline",
    "pandas-stubs": "mypy",
    "pytest-timeout": "pytest",
    "pytest-xdist": "pytest",
    "ruamel.yaml.clib": "makes DVC's reader of YAML fast",
    "ruff": "make lint",
    "scipy-stubs": "mypy",
    "snakemake": "a command",
    "snakemake-executor-plugin-slurm": "profiles/slurm",
    "types-tqdm": "mypy",
}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements):
    return {plain(re.match(r"[\w.-]+", text)[0]) for text in requirements}


@cache
def imported(*folders):
    """Distributions of every module that files below these folders import, anywhere in them."""
    known, found = packages_distributions(), set()
    for file in (file for folder in folders for file in sorted(Path(folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            tops = {".".join(name.split(".")[: 1 + name.startswith(NAMESPACES)]) for name in names}
            found |= {
                plain(name)
                for top in tops - OWN - set(sys.stdlib_module_names) - {"_typeshed"}
                for name in known.get(top, [top])
            }
    return found


MAIN, EXTRAS = (
    declared(PROJECT["dependencies"]),
    {name: declared(found) for name, found in PROJECT["optional-dependencies"].items()},
)
UNSEEN = {plain(name) for name in NOT_IMPORTED}


def test_the_library_declares_what_it_imports():
    assert imported("cmg") == MAIN | EXTRAS["generation"]
    assert not MAIN & EXTRAS["generation"]


def test_the_pipeline_adds_what_only_it_imports():
    assert imported("pipeline") - MAIN - EXTRAS["generation"] == EXTRAS["pipeline"] - UNSEEN


def test_tests_add_what_only_they_import():
    known = MAIN | EXTRAS["pipeline"] | EXTRAS["generation"]
    assert imported("tests", "benchmarks") - known == EXTRAS["dev"] - UNSEEN
    assert not known & EXTRAS["dev"]


@pytest.mark.parametrize("name", NOT_IMPORTED)
def test_the_exceptions_are_declared_and_not_imported(name):
    assert plain(name) in MAIN.union(*EXTRAS.values()) and plain(name) not in imported(
        "cmg", "pipeline", "tests", "benchmarks"
    )
