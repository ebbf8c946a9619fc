"""Imports run one way, and light stages stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from cmg.methods import METHODS

# room: rooms it may import besides itself
MAY_IMPORT = {
    "answers": set(),
    "faults": set(),
    "files": set(),
    "registry": set(),
    "results": set(),
    "datasets": set(),
    "media": {"datasets"},
    "store": set(),
    "synth": set(),
    "losses": {"nn"},
    "nn": set(),
    "quantizers": {"nn", "losses"},
    "extract": {"media", "datasets", "store"},
    "methods": {"losses", "nn", "quantizers"},
    "toc": set(),
    "released": {"datasets", "methods", "store"},
    "train": {"methods", "nn", "store", "datasets", "tasks"},
    "tasks": {"answers", "datasets", "results", "toc"},
    "generation": {"datasets", "extract", "methods", "tasks", "toc", "train"},
    "segmentation": {"datasets", "results", "tasks"},
    "report": {"answers", "store", "datasets", "results"},
    "model": {"methods", "store", "tasks", "train"},
    "cli": {"datasets", "extract", "model", "store", "tasks"},
}
LIGHT = ["sample", "scan", "index", "toc", "table3", "tables", "report", "default", "sweep"]


def imports(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module if node.module != "cmg" else f"cmg.{node.names[0].name}"


@pytest.mark.parametrize("file", sorted(Path("cmg").rglob("*.py")), ids=str)
def test_rooms_import_one_way(file):
    room = file.parts[1].removesuffix(".py")
    for name in imports(file):
        assert not name.startswith("pipeline"), f"{file} imports {name}"
        if name.startswith("cmg.") and room != "__init__":
            other = name.split(".")[1]
            assert other in (room, "faults", "files", "registry") or other in MAY_IMPORT[room], f"{file} imports {name}"


@pytest.mark.parametrize("file", sorted(Path("cmg").rglob("*.py")), ids=str)
def test_what_one_method_uses_is_used_by_no_other(file):
    """The folder of a method is closed to the rest of the methods, and to what methods are built from."""
    own = file.parts[2] if file.parts[1] == "methods" else ""
    if file.parts[1] in ("methods", "losses", "nn", "quantizers"):
        folders = {folder.name for folder in Path("cmg/methods").iterdir() if folder.is_dir()}
        assert {name.split(".")[2] for name in imports(file) if name.startswith("cmg.methods.")} & folders <= {own}


@pytest.mark.parametrize("stage", LIGHT)
def test_light_stages_do_not_import_torch(stage):
    assert not loaded(f"pipeline.__main__, pipeline.stages.{stage}", "torch")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("cmg.methods", "torch"),
        ("cmg.store", "cmg.store.writer"),
        ("pipeline.stages.tables", "matplotlib"),
        ("pipeline.page.reporting, pipeline.page.measured, pipeline.tools.explain", "pandas"),
        *((f"cmg.methods.{name}.config", "torch") for name in METHODS),
    ],
)
def test_a_module_does_not_import(module, heavy):
    assert not loaded(module, heavy)


def loaded(module, other):
    """Whether importing `module` imports `other`."""
    code = f"import sys, {module}; sys.exit('{other}' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode
