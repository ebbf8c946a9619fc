"""The resolved stages of dvc.yaml and of the sweeps'. DVC judges which are stale.

Uses DVC's internal ``Repo.index`` (no public interface offers resolved stages), here and in handover.py beside it and
nowhere else.
"""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from dvc.dependency import ParamsDependency
from dvc.lock import LockError
from dvc.repo import Repo
from ruamel.yaml import YAML

from cmg.files import file_digest
from pipeline import paths
from pipeline.orchestration.claims import at_work

COUNTED = ("gpu", "mem_mb", "runtime")  # of what ``meta`` says, for Snakemake; threads stand apart there
CODE = "code"  # the stage that comes before a plan is made: what it writes are source files to Snakemake


@dataclass(frozen=True)
class Stage:
    """One resolved stage: the command, what it reads and writes (posix paths, files or folders), and its scheduling
    hints."""

    name: str  # as DVC addresses it: `tables`, `ablations/fcid/dvc.yaml:table9`
    command: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    params: dict[str, Any]
    meta: dict[str, int] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """A name that Snakemake accepts."""
        return "".join(c if c.isalnum() else "_" for c in self.name)

    @property
    def file(self) -> str:
        """The dvc.yaml that it is written in."""
        return self.name.rpartition(":")[0] or "dvc.yaml"

    @property
    def group(self) -> str:
        """Its name in that file, without the item."""
        return self.name.rpartition(":")[2].partition("@")[0]

    @property
    def parts(self) -> list[int]:
        """Numbers of the parts that Snakemake scatters the stage into (``meta: scatter: n``); none for most stages."""
        return list(range(1, self.meta.get("scatter", 0) + 1))

    @property
    def resources(self) -> dict[str, int]:
        """What Snakemake counts for it; what ``meta`` leaves out is left to the profile."""
        return {name: value for name, value in self.meta.items() if name in COUNTED}

    @property
    def receipt(self) -> str:
        return next(out for out in self.outs if out.startswith(f"{paths.RECEIPTS}/"))

    @property
    def products(self) -> list[str]:
        """Output files that rules depend on: a store's seal stands for the store, the receipt for any other folder."""
        return [seal(out) for out in self.outs if Path(out).suffix]


def seal(path: str) -> str:
    """The file that stands for ``path``: a store's root metadata, written last."""
    return f"{path}/zarr.json" if path.endswith(".zarr") else path


class Stages(list[Stage]):
    """Stages in the order written, and what a path waits for."""

    @cached_property
    def products(self) -> frozenset[str]:
        """Every file that a stage makes and a rule may depend on."""
        return frozenset(product for stage in self for product in [*stage.products, stage.receipt])

    def made(self, path: str) -> set[str]:
        """Products that stand for ``path``, for what is below it, and for an output that it is inside of; none for a
        source."""
        above = {self._outputs[str(folder)] for folder in Path(path).parents if str(folder) in self._outputs}
        return self._below.get(path, set()) | above

    @cached_property
    def _outputs(self) -> dict[str, str]:
        """``{output: its product}``; a store's seal stands for the store, the receipt for any other folder."""
        return {out: seal(out) if Path(out).suffix else stage.receipt for stage in self for out in stage.outs}

    @cached_property
    def _below(self) -> dict[str, set[str]]:
        """Products of every output and of every folder that holds one."""
        found: dict[str, set[str]] = defaultdict(set)
        for out, product in self._outputs.items():
            for path in (out, *map(str, Path(out).parents)):
                found[path].add(product)
        return found


def stages(root: Path = Path(".")) -> Stages:
    """As ``of``, of the project below ``root``."""
    with Repo(str(root)) as repo:
        return of(repo)


def of(repo: Repo) -> Stages:
    """Every stage but ``code`` of dvc.yaml, the sweeps' (``ablations/*/dvc.yaml``) and the side branches'
    (``branches/*/dvc.yaml``)."""
    read = cache(lambda path: YAML(typ="safe").load(Path(path).read_text()))
    found = (stage for stage in repo.index.stages if _is_ours(stage.path_in_repo) and stage.addressing != CODE)
    return Stages(_stage(stage, repo.root_dir, read) for stage in found)


def _is_ours(file: str) -> bool:
    return file == "dvc.yaml" or file.partition("/")[0] in paths.ASIDE


def _stage(stage: Any, root: str, read: Callable[[str], Any]) -> Stage:
    params: dict[str, Any] = {}
    deps = []
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            params.update({key: _value(read(dep.fs_path), key) for key in dep.params})
        else:
            deps.append(os.path.relpath(dep.fs_path, root))
    outs = tuple(os.path.relpath(out.fs_path, root) for out in stage.outs)
    device = _value(read(os.path.join(root, paths.PARAMS)), "device")
    return Stage(stage.addressing, stage.cmd, tuple(deps), outs, params, _meta(stage.meta or {}, params, device))


def _meta(written: dict[str, int], params: dict[str, Any], device: str) -> dict[str, int]:
    """As in dvc.yaml, for each process of a stage that runs in several (``processes`` of its schedule); no GPU under
    ``device: cpu``."""
    processes = next(
        (values["processes"] for values in params.values() if isinstance(values, dict) and "processes" in values), 1
    )
    shared = {
        name: value * processes if name in ("threads", "gpu", "mem_mb") else value for name, value in written.items()
    }
    return {name: value for name, value in shared.items() if name != "gpu" or device != "cpu"}


def _value(values: Any, key: str) -> Any:
    """What a dotted key stands for; None where it is absent (DVC says so when the stage runs)."""
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def inputs(stage: Stage, every: Stages) -> list[str]:
    """Files a rule waits for: products of the stages whose outputs it reads."""
    return sorted({file for dep in stage.deps for file in every.made(dep)})


def below(names: set[str], every: Stages) -> set[str]:
    """These stages and all that read, directly or not, what they make."""
    found: set[str] = set()
    while names - found:
        found = found | names
        made = {product for stage in every if stage.name in found for product in [*stage.products, stage.receipt]}
        names = {stage.name for stage in every if not made.isdisjoint(inputs(stage, every))}
    return found


def _source_files(dep: str) -> list[str]:
    path = Path(dep)
    if not path.is_dir():
        return [dep]
    return [file.as_posix() for file in sorted(path.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]


def definition(stage: Stage, every: Stages) -> str:
    """Digest of a job apart from its data: command, parameter values, and the source files it reads."""
    read = sorted({file for dep in stage.deps if not every.made(dep) for file in _source_files(dep)})
    sources = {path: file_digest(Path(path)) for path in read if Path(path).is_file()}
    return hashlib.sha256(json.dumps([stage.command, stage.params, sources], sort_keys=True).encode()).hexdigest()


def stale(repo: Repo, every: Stages) -> set[str]:
    """Names of the stages with outputs that DVC would run: changed command, dependency, parameter or output."""
    made = {stage.name for stage in every if any(Path(product).exists() for product in stage.products)}
    return {stage.addressing for stage in repo.index.stages if stage.addressing in made and stage.status()}


def edited_parameters(root: Path = Path(".")) -> dict[str, dict[str, list[str]]]:
    """``{receipt name: {file: keys}}`` of the stages whose parameter values differ from those they last ran with.

    Raises:
        Busy: DVC or Snakemake is at work on them.
    """
    edited = {}
    with Repo(str(root)) as repo:
        by_name = {stage.name: Path(stage.receipt) for stage in of(repo)}
        try:
            status = repo.status()
        except LockError as error:
            raise at_work(error) from error
        for name, changes in status.items():
            deps = [
                change["changed deps"] for change in changes if isinstance(change, dict) and "changed deps" in change
            ]
            keys = {file: list(found) for dep in deps for file, found in dep.items() if isinstance(found, dict)}
            if keys:
                edited[paths.receipt_name(by_name[name.removeprefix("dvc.yaml:")])] = keys
    return edited
