"""The code dependencies of every stage in dvc.yaml, computed from imports: ``python -m pipeline deps --fix`` writes them.

A method's own files are written with ``${item.method}``, so that an edit concerns that method; the shared building blocks are listed
as folders. Stages of one name have the same code in the root dvc.yaml and in the sweeps'; a table of a sweep waits for its rows.
"""

from collections import defaultdict
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from cmg.datasets.registry import READERS
from cmg.extract.run import MODULES
from cmg.files import replacing
from cmg.methods import METHODS
from pipeline import codedeps, dag, paths, sweeps

FOLDERS = ("cmg/nn", "cmg/quantizers", "cmg/losses")
OWN = ("cmg/methods/{}.py", "cmg/methods/{}_config.py")
METHOD = "${item.method}"
ROWS = tuple(f"{room}/ablations/" for room in (paths.RESULTS, paths.RECEIPTS))


def modules(stage: dag.Stage) -> list[str]:
    """Modules that a stage's command runs: the stage, and what it imports by name."""
    name, *words = stage.command.split()[3:]
    found = [f"pipeline.stages.{name}"]
    if name in ("pretrain", "codes", "sweep"):
        found.append(METHODS[words[0]].partition(":")[0])
    if name == "index":
        found.append(READERS[words[0]])
    if name == "features":
        found.append(MODULES[words[1]])
    return found


def needed(every: list[dag.Stage]) -> dict[tuple[str, str], list[str]]:
    """``{(file, stage name in it): computed dependencies}``: the union of the code over the stages of that name, then rows of a table."""
    code = _code(every)
    found = {}
    for stage in every:
        method = METHOD if stage.file == "dvc.yaml" else stage.command.split()[4]
        found[stage.file, stage.group] = [dep.replace(METHOD, method) for dep in code[stage.group]] + _rows(stage)
    return found


def _rows(stage: dag.Stage) -> list[str]:
    """Folders of the points that a table of a sweep lists."""
    name, *words = stage.command.split()[3:]
    if name != "sweep":
        return []
    method, table = words
    runs = [paths.run_name(method, 0, row) for row in sweeps.load(method).tables[table]]
    return [paths.point_folder(room, run).as_posix() for room in (paths.RESULTS, paths.RECEIPTS) for run in runs]


def _code(every: list[dag.Stage]) -> dict[str, list[str]]:
    """Code by stage name: a method's own files with ``METHOD`` in place of its name, shared building blocks as folders."""
    closure = cache(lambda names: codedeps.closure(list(names)))
    found: dict[str, set[str]] = defaultdict(set)
    for stage in every:
        method = stage.command.split()[4:5]
        own = {pattern.format(*method) for pattern in OWN} if method else set()
        for file in closure(tuple(modules(stage))):
            folder = next((folder for folder in FOLDERS if file.startswith(f"{folder}/")), None)
            found[stage.group].add(folder or (file.replace(method[0], METHOD) if file in own else file))
    return {name: _folded(paths) for name, paths in found.items()}


def _folded(paths: set[str]) -> list[str]:
    """A folder of ``cmg`` whose every file with code is listed stands for them."""
    whole = {folder for folder in {path.rpartition("/")[0] for path in paths} if folder.startswith("cmg/") and _code_files(folder) <= paths}
    return sorted(whole | {path for path in paths if path.rpartition("/")[0] not in whole})


def _code_files(folder: str) -> set[str]:
    """Python files with code, and every other file that is not compiled."""
    files = (file for file in Path(folder).rglob("*") if file.is_file() and file.suffix != ".pyc")
    return {file.as_posix() for file in files if file.suffix != ".py" or codedeps.has_code(file.read_text())}


def is_computed(dep: str) -> bool:
    return dep.split("/")[0] in codedeps.PACKAGES or dep.startswith(ROWS)


def rewrite() -> list[str]:
    """Put the computed dependencies into the dvc.yaml files, keeping everything else; the files that changed."""
    by_file: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for (file, name), found in needed(dag.stages()).items():
        by_file[file][name] = found
    return [file for file, found in by_file.items() if _rewrite(Path(file), found)]


def _rewrite(path: Path, computed: dict[str, list[str]]) -> bool:
    yaml = YAML()
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    pipeline = yaml.load(path.read_text())
    changed = False
    for name, found in computed.items():
        stage = pipeline["stages"][name]
        deps = stage.get("do", stage)["deps"]
        if [dep for dep in deps if is_computed(dep)] != found:
            deps[:] = found + [dep for dep in deps if not is_computed(dep)]
            changed = True
    if changed:
        with replacing(path) as temporary, temporary.open("w") as handle:
            yaml.dump(pipeline, handle)
    return changed
