"""The code dependencies of every stage in dvc.yaml, computed from imports: ``python -m pipeline deps --fix`` writes them.

A method's own files are written with ``${item.method}``, so that an edit concerns that method; the shared building blocks are listed
as folders.
"""

from collections import defaultdict
from pathlib import Path

from ruamel.yaml import YAML

from cmg.datasets.registry import READERS
from cmg.extract.run import MODULES
from cmg.methods import METHODS
from pipeline import codedeps, dag

FOLDERS = ("cmg/nn", "cmg/quantizers", "cmg/losses")
OWN = ("cmg/methods/{}.py", "cmg/methods/{}_config.py")


def modules(stage: dag.Stage) -> list[str]:
    """Modules that a stage's command runs: the stage, and what it imports by name."""
    name, *words = stage.command.split()[3:]
    found = [f"pipeline.stages.{name}"]
    if name in ("pretrain", "codes"):
        found.append(METHODS[words[0]].partition(":")[0])
    if name == "index":
        found.append(READERS[words[0]])
    if name == "features":
        found.append(MODULES[words[1]])
    return found


def needed(every: list[dag.Stage]) -> dict[str, list[str]]:
    """``{stage name in dvc.yaml: code dependencies}``, the union over the stage's items."""
    found: dict[str, set[str]] = defaultdict(set)
    for stage in every:
        method = stage.command.split()[4:5]
        own = {pattern.format(*method) for pattern in OWN} if method else set()
        for file in codedeps.closure(modules(stage)):
            folder = next((folder for folder in FOLDERS if file.startswith(f"{folder}/")), None)
            found[stage.name.partition("@")[0]].add(folder or (file.replace(method[0], "${item.method}") if file in own else file))
    return {name: _folded(paths) for name, paths in found.items()}


def _folded(paths: set[str]) -> list[str]:
    """A folder of ``cmg`` whose every file with code is listed stands for them."""
    whole = {folder for folder in {path.rpartition("/")[0] for path in paths} if folder.startswith("cmg/") and _code_files(folder) <= paths}
    return sorted(whole | {path for path in paths if path.rpartition("/")[0] not in whole})


def _code_files(folder: str) -> set[str]:
    """Python files with code, and every other file that is not compiled."""
    files = (file for file in Path(folder).rglob("*") if file.is_file() and file.suffix != ".pyc")
    return {file.as_posix() for file in files if file.suffix != ".py" or codedeps.has_code(file.read_text())}


def is_code(dep: str) -> bool:
    return dep.split("/")[0] in codedeps.PACKAGES


def rewrite(path: Path = Path("dvc.yaml")) -> bool:
    """Put the computed code dependencies into dvc.yaml, keeping everything else; True when something changed."""
    yaml = YAML()
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    pipeline = yaml.load(path.read_text())
    changed = False
    for name, code in needed(dag.stages()).items():
        stage = pipeline["stages"][name]
        deps = stage.get("do", stage)["deps"]
        if [dep for dep in deps if is_code(dep)] != code:
            deps[:] = code + [dep for dep in deps if not is_code(dep)]
            changed = True
    if changed:
        with path.open("w") as handle:
            yaml.dump(pipeline, handle)
    return changed
