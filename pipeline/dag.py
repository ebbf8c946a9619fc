"""The resolved stages of dvc.yaml and of the sweeps', and how Snakemake and DVC agree on what is done.

DVC judges staleness. Snakemake compares modification times only (profiles/default), so before it plans, ``settle`` gives the
outputs of stale stages an ancient time and makes those of fresh stages no older than their inputs. After a Snakemake job, a mark
holds what the job was; ``record`` commits marked stages to DVC. Uses DVC's internal ``Repo.index`` (no public interface offers
resolved stages), here and nowhere else.
"""

import hashlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from dvc.dependency import ParamsDependency
from dvc.repo import Repo, lock_repo
from ruamel.yaml import YAML

from pipeline import files, paths

ANCIENT = 1  # seconds since the epoch; 0 means "unset" to Snakemake
MARKS = paths.work("snakemake")
INTERRUPTED = Path(".snakemake/incomplete")


@dataclass(frozen=True)
class Stage:
    """One resolved stage: the command, what it reads and writes (posix paths, files or folders), and its scheduling hints."""

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
        """Products that stand for ``path``, for what is below it, and for an output that it is inside of; none for a source."""
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
    """Every stage of the project's dvc.yaml and of the sweeps' (``ablations/*/dvc.yaml``), resolved, in the order written."""
    with Repo(str(root)) as repo:
        read = cache(lambda path: YAML(typ="safe", pure=True).load(Path(path).read_text()))
        return Stages(_stage(stage, repo.root_dir, read) for stage in repo.index.stages if _is_ours(stage.path_in_repo))


def _is_ours(file: str) -> bool:
    return file == "dvc.yaml" or file.startswith("ablations/")


def _stage(stage: Any, root: str, read: Callable[[str], Any]) -> Stage:
    params: dict[str, Any] = {}
    deps = []
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            params.update({key: _value(read(dep.fs_path), key) for key in dep.params})
        else:
            deps.append(os.path.relpath(dep.fs_path, root))
    outs = tuple(os.path.relpath(out.fs_path, root) for out in stage.outs)
    return Stage(stage.addressing, stage.cmd, tuple(deps), outs, params, dict(stage.meta or {}))


def _value(values: Any, key: str) -> Any:
    """What a dotted key stands for; None where it is absent (DVC says so when the stage runs)."""
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def inputs(stage: Stage, every: Stages) -> list[str]:
    """Files a rule waits for: products of the stages whose outputs it reads, and the source files it reads itself."""
    return sorted({file for dep in stage.deps for file in every.made(dep) or _source_files(dep)})


def _source_files(dep: str) -> list[str]:
    path = Path(dep)
    if not path.is_dir():
        return [dep]
    return [file.as_posix() for file in sorted(path.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]


def definition(stage: Stage, every: Stages) -> str:
    """Digest of a job apart from its data: command, parameter values, and the source files it reads."""
    sources = [path for path in inputs(stage, every) if path not in every.products and Path(path).is_file()]
    sources = {path: files.file_digest(Path(path)) for path in sources}
    return hashlib.sha256(json.dumps([stage.command, stage.params, sources], sort_keys=True).encode()).hexdigest()


def stale(root: Path = Path(".")) -> set[str]:
    """Names of the stages that DVC would run (changed command, dependency, parameter, output, or never run)."""
    with Repo(str(root)) as repo:
        return {name.removeprefix("dvc.yaml:") for name in repo.status()}


def edited_parameters(root: Path = Path(".")) -> dict[str, dict[str, list[str]]]:
    """``{receipt name: {file: keys}}`` of the stages whose parameter values differ from those they last ran with."""
    by_name = {stage.name: Path(stage.receipt) for stage in stages(root)}
    edited = {}
    with Repo(str(root)) as repo:
        for name, changes in repo.status().items():
            deps = [change["changed deps"] for change in changes if isinstance(change, dict) and "changed deps" in change]
            keys = {file: list(found) for dep in deps for file, found in dep.items() if isinstance(found, dict)}
            if keys:
                receipt = by_name[name.removeprefix("dvc.yaml:")]
                edited[f"{receipt.parent.name}/{receipt.stem}"] = keys
    return edited


def settle(every: Stages) -> None:
    """Set modification times so that Snakemake's verdict is DVC's: stale products ancient, fresh ones not older than their inputs."""
    old = stale()
    now = time.time()
    for stage in every:
        products = [Path(product) for product in stage.products if Path(product).is_file()]
        for part in stage.parts:
            part_mark(stage, part).unlink(missing_ok=True)  # of an interrupted run: its parts start again and find their rows done
        if stage.name in old:
            for product in products:
                os.utime(product, (ANCIENT, ANCIENT))
        elif products and _older_than_inputs(products, stage, every):
            for product in products:
                os.utime(product, (now, now))


def forget_interruptions() -> None:
    """Remove Snakemake's marks of unfinished jobs: DVC knows what is unfinished, also where it has finished the work itself since."""
    for file in INTERRUPTED.rglob("*"):
        if file.is_file():
            file.unlink()


def _older_than_inputs(products: list[Path], stage: Stage, every: Stages) -> bool:
    newest = max((Path(path).stat().st_mtime for path in inputs(stage, every) if Path(path).exists()), default=0)
    return min(product.stat().st_mtime for product in products) < newest


def part_command(stage: Stage, part: int) -> str:
    """The command of one part; the stage's own command gathers the parts."""
    return f"{stage.command} --shard {part}/{len(stage.parts)}"


def part_mark(stage: Stage, part: int) -> Path:
    """File that a finished part leaves until the stage has gathered it."""
    return MARKS / "parts" / f"{stage.rule}.{part}-of-{len(stage.parts)}"


def mark(stage: Stage) -> Path:
    """File that a finished Snakemake job leaves, holding the job's ``definition``."""
    return MARKS / stage.rule


def record(every: Stages) -> tuple[list[str], list[str]]:
    """Commit to DVC every stage that a Snakemake job finished; names of the recorded and of the refused ones.

    A stage is refused when its command, parameters or code have changed since the job started, or its receipt does not describe
    the files on disk; it stays stale, and the next run redoes it.
    """
    marked = [stage for stage in every if mark(stage).is_file()]
    done = [stage for stage in marked if mark(stage).read_text().strip() == definition(stage, every) and _matches_disk(stage)]
    with Repo(".") as repo, lock_repo(repo):
        _commit(repo, [stage.name for stage in done])
    for stage in marked:
        mark(stage).unlink()
    return [stage.name for stage in done], [stage.name for stage in marked if stage not in done]


def _commit(repo: Repo, names: list[str]) -> None:
    """What ``repo.commit`` does for one stage, without resolving dvc.yaml again for each."""
    stages = {stage.addressing: stage for stage in repo.index.stages}
    by_file = defaultdict(list)
    for name in names:
        stages[name].save()
        stages[name].commit()
        by_file[stages[name].dvcfile].append(stages[name])
    for dvcfile, finished in by_file.items():
        dvcfile.dump_stages(finished, update_pipeline=False)


def _matches_disk(stage: Stage) -> bool:
    path = Path(stage.receipt)
    if not path.is_file() or not all(Path(out).exists() for out in stage.outs):
        return False
    receipt = json.loads(path.read_text())
    recorded = {**receipt["inputs"], **receipt["outputs"]}
    return all(Path(name).exists() and files.digest(Path(name)) == value for name, value in recorded.items())
