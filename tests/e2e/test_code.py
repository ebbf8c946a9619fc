"""What stages run is what their code is said to be: every function of the project that a stage calls counts, whatever
leads to it."""

import ast
import json
import shutil
from pathlib import Path

import pytest

from pipeline.orchestration.code import Closure
from pipeline.orchestration.modules import Modules

pytestmark = pytest.mark.e2e

# Run in the project: every function of cmg/ and pipeline/ that a stage's `run` calls in this process, as file and first
# line, but for what orchestration calls.
TRACED = """
import argparse, importlib, inspect, json, sys
from pathlib import Path
from pipeline import params

def trace(frame, event, _):
    code = frame.f_code
    function = event == "call" and code.co_flags & inspect.CO_OPTIMIZED
    if function and code.co_filename.startswith(here) and not orchestrated(frame):
        called.add((code.co_filename[len(here) + 1 :], code.co_firstlineno))

def orchestrated(frame):
    while frame and not frame.f_code.co_filename.startswith(here + "/pipeline/orchestration"):
        frame = frame.f_back
    return frame

if __name__ == "__main__":
    here, called, (name, *words) = str(Path.cwd()), set(), sys.argv[1:]
    module = importlib.import_module(f"pipeline.stages.{name}")
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    args, given = parser.parse_args(words), params.load()
    sys.setprofile(trace)
    module.run(args, given)
    sys.setprofile(None)
    Path("called.json").write_text(json.dumps(sorted(called)))
"""
STAGES = (
    "sample ave",
    "scan ave --source sample",
    "index ave",
    "exclusions",
    "features ave audio",
    "features mscoco text",
    "pretrain fcid 0",
    "codes fcid 0",
    "toc fcid 0",
    "evaluate fcid 0",
    "vqvae 0",
    "reconstruct 0",
    "table3",
    "tables",
    "plots",
    "report",
)


def called(project, command: str) -> set[tuple[str, str]]:
    """Definitions at the top of a module, or ``Class.method`` of parameters, that a stage calls something of."""
    (project.folder / "traced.py").write_text(TRACED)
    shutil.rmtree(project.folder / "data/.work", ignore_errors=True)  # so that nothing is taken over
    project.run("traced", *command.split())
    found = json.loads((project.folder / "called.json").read_text())
    trees = {file: ast.parse((project.folder / file).read_text()).body for file, _ in found if file.endswith(".py")}
    templates = {(file, Path(file).name) for file, _ in found if file not in trees}
    return templates | {
        (file, name) for file, line in found if file in trees for name in _names(trees[file], file, line)
    }


def _names(body, file: str, line: int) -> list[str]:
    """The definition that a line is inside of; decorators stand before it."""
    for node in body:
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
        if first <= line <= node.end_lineno:
            if file == "pipeline/params.py" and isinstance(node, ast.ClassDef):
                return [f"{node.name}.{name}" for name in _names(node.body, "", line)]
            return [getattr(node, "name", "")] if hasattr(node, "name") else []
    return []


def test_everything_that_a_stage_calls_counts(project):
    modules = Modules(project.folder)
    for command in STAGES:
        stage, *words = command.split()
        item = {"pretrain": 0, "codes": 0, "toc": 0, "evaluate": 0, "index": 0, "features": 1}.get(stage)
        counted = Closure([f"pipeline.stages.{stage}"], words[item] if item is not None else "", modules).found
        known = {(file.as_posix(), name) for file, names in counted.items() for name in names}
        missing = called(project, command) - known
        assert not missing, f"{command}: {sorted(missing)}"
