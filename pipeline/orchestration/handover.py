"""How Snakemake and DVC agree on what is done.

Snakemake compares modification times only (profiles/default), so before it plans, the stage ``code`` is brought up to date, and
``settle`` gives the outputs of stale stages an ancient time and makes those of fresh stages no older than their inputs. After a
Snakemake job, a mark holds what the job was; ``record`` commits marked stages to DVC.
"""

import json
import os
import sys
import time
from collections import defaultdict
from pathlib import Path

from dvc.repo import Repo, lock_repo

from cmg.store.errors import StoreError
from cmg.store.integrity import check
from pipeline import files, paths
from pipeline.orchestration import dag

ANCIENT = 1  # seconds since the epoch; 0 means "unset" to Snakemake
OLD = 2  # of files of the stage ``code``: later than what is stale, before all else
MARKS = paths.work("snakemake")
INTERRUPTED, LOCKS = Path(".snakemake/incomplete"), Path(".snakemake/locks")


def ready(unlocking: bool) -> dag.Stages:
    """Make the project ready for Snakemake's plan, and record what an interrupted run had finished.

    While another Snakemake holds its lock, its marks are left alone. unlocking: the lock is a dead run's, so what that run had
    finished is recorded for DVC too.
    """
    locked = LOCKS.is_dir() and any(LOCKS.iterdir())
    with Repo(".") as repo, lock_repo(repo):
        if locked and not unlocking:
            print("Another Snakemake holds the lock: planned is what it found stale when it started.", file=sys.stderr)
            return dag.of(repo)
        refresh(repo)
        every = dag.of(repo)
        _record(repo, every)
        if not locked:
            settle(every, dag.stale(repo, every))
            forget_interruptions()
        return every


def refresh(repo: Repo) -> None:
    """Bring what the stages' code means up to date."""
    if repo.stage.load_one(name=dag.CODE).changed():
        repo.reproduce(dag.CODE, single_item=True)


def settle(every: dag.Stages, stale: set[str]) -> None:
    """Set modification times so that Snakemake's verdict is DVC's: stale products ancient, fresh ones not older than their inputs."""
    now = time.time()
    for file in paths.CODE.iterdir():
        os.utime(file, (OLD, OLD))
    for stage in every:
        products = [Path(product) for product in stage.products if Path(product).is_file()]
        for part in stage.parts:
            part_mark(stage, part).unlink(missing_ok=True)  # of an interrupted run: its parts start again and find their rows done
        if stage.name in stale:
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


def _older_than_inputs(products: list[Path], stage: dag.Stage, every: dag.Stages) -> bool:
    newest = max((Path(path).stat().st_mtime for path in dag.inputs(stage, every) if Path(path).exists()), default=0)
    return min(product.stat().st_mtime for product in products) < newest


def part_command(stage: dag.Stage, part: int) -> str:
    """The command of one part; the stage's own command gathers the parts."""
    return f"{stage.command} --shard {part}/{len(stage.parts)}"


def part_mark(stage: dag.Stage, part: int) -> Path:
    """File that a finished part leaves until the stage has gathered it."""
    return MARKS / "parts" / f"{stage.rule}.{part}-of-{len(stage.parts)}"


def mark(stage: dag.Stage) -> Path:
    """File that a finished Snakemake job leaves, holding the job's ``definition``."""
    return MARKS / stage.rule


def record() -> tuple[list[str], list[str]]:
    """Commit to DVC every stage that a Snakemake job finished; names of the recorded and of the refused ones.

    A stage is refused when its command, parameters or code have changed since the job started, or its receipt does not describe
    the files on disk; it stays stale, and the next run redoes it.
    """
    with Repo(".") as repo, lock_repo(repo):
        refresh(repo)
        return _record(repo, dag.of(repo))


def _record(repo: Repo, every: dag.Stages) -> tuple[list[str], list[str]]:
    marked = [stage for stage in every if mark(stage).is_file()]
    done = [stage for stage in marked if mark(stage).read_text().strip() == dag.definition(stage, every) and _matches_disk(stage)]
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


def _matches_disk(stage: dag.Stage) -> bool:
    path = Path(stage.receipt)
    if not path.is_file() or not all(Path(out).exists() for out in stage.outs):
        return False
    receipt = json.loads(path.read_text())
    recorded = {**receipt["inputs"], **receipt["outputs"]}
    try:
        same = all(Path(name).exists() and files.digest(Path(name)) == value for name, value in recorded.items())
    except StoreError as error:
        print(error, file=sys.stderr)
        return False
    return same and not any(_damaged(Path(out)) for out in stage.outs if out.endswith(".zarr"))


def _damaged(store: Path) -> bool:
    """Whether a store that is about to be recorded is not, byte for byte, what was sealed; says so."""
    problems = check(store, checksums=True)
    for problem in problems:
        print(f"{store}/{problem}", file=sys.stderr)
    return bool(problems)
