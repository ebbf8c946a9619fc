"""How Snakemake and DVC agree on what is done.

Snakemake compares modification times only (profiles/default), and the one time that counts is that of a stamp of our
own, an input of every rule: before it plans, the stage ``code`` is brought up to date, and ``settle`` dates the stamps
of what DVC finds stale, and of all below, after their outputs, and the others before all else. After a Snakemake job, a
mark holds what the job was; ``record`` commits marked stages to DVC. While Snakemake runs, DVC starts no stage, and the
other way round.
"""

import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from dvc.lock import LockError
from dvc.repo import Repo
from dvc.rwlock import rwlock

from cmg.store.errors import StoreError
from cmg.store.integrity import check
from pipeline import disk, makers, paths
from pipeline.orchestration import dag, dvclock, receipts, recovery
from pipeline.orchestration.claims import Busy, at_work, claimed

ANCIENT = 1  # seconds since the epoch; 0 means "unset" to Snakemake
TICK = 2  # seconds that the coarsest file systems round times to
MARKS = paths.work("snakemake")
INTERRUPTED = Path(".snakemake/incomplete")
OUTPUTS = ("data", "results", "receipts")
_HELD = ExitStack()  # as long as this process runs


class Disabled(ValueError):
    """A file of a sweep or side branch not enabled is asked for; the message is the command to enable and make it."""


def ready(dry: bool, asked: Sequence[str] = ()) -> dag.Stages:
    """Make the project ready for Snakemake's plan: mend what a killed run left, record for DVC what it had finished.

    Beside a running Snakemake a dry run touches nothing, and its plan is what that one found stale.

    Args:
        dry: nothing is going to be run.
        asked: words of Snakemake's command line, targets among them.

    Raises:
        Disabled: a target of a sweep or side branch that is not enabled.
        Busy: another Snakemake, or DVC, is at work in this folder.
        LinkedFolder: outputs would lie behind a link.
    """
    try:
        _HELD.enter_context(alone())
    except Busy as error:
        if not dry:
            raise
        print(f"{error}. Planned is what that one found stale when it started.", file=sys.stderr)
        return dag.stages()
    with recovery.locked() as repo:
        for line in recovery.recover(repo):
            print(line, file=sys.stderr)
        _exclude_dvc(repo)
        refresh(repo)
        every = dag.of(repo)
        disk.unlinked(*(Path(out) for stage in every for out in stage.outs), MARKS)
        _record(repo, every)
        refuse_disabled(every, asked)
        settle(every, dag.stale(repo, every))
        forget_interruptions()
        return every


def refuse_disabled(every: dag.Stages, asked: Sequence[str]) -> None:
    """Raise Disabled where a word of Snakemake's command line is a file of a sweep or side branch not enabled."""
    for word in asked:
        if not every.made(word) and (command := makers.disabled(Path(word))):
            raise Disabled(f"{word}: first {command}")


def alone() -> AbstractContextManager[None]:
    """While no Snakemake runs in this folder, nor starts. Raises Busy when one does. A process holds it once."""
    return claimed(paths.work("claims", "snakemake"), "Snakemake in this folder")


def recover() -> list[str]:
    """Mend what a killed run left, and record for DVC what it had finished; a line for each."""
    with alone(), recovery.locked() as repo:
        mended = recovery.recover(repo)
        refresh(repo)
        finished, _ = _record(repo, dag.of(repo))
        return [*mended, *(f"{name}: finished by Snakemake, recorded" for name in finished)]


def _exclude_dvc(repo: Repo) -> None:
    """Say in DVC's own way that this process is at work on all outputs; DVC forgets it when the process has ended."""
    lock = rwlock(
        repo.tmp_dir, repo.fs, " ".join(sys.argv), [], [str(Path(room).absolute()) for room in OUTPUTS], False
    )
    try:
        _HELD.enter_context(lock)
    except LockError as error:
        raise at_work(error) from error
    atexit.register(_HELD.close)


def refresh(repo: Repo) -> None:
    """Bring what the stages' code means up to date."""
    if repo.stage.load_one(name=dag.CODE).changed():
        repo.reproduce(dag.CODE, single_item=True)


def settle(every: dag.Stages, stale: set[str]) -> None:
    """Date the stamps so that Snakemake's verdict is DVC's. Outputs keep their times, but those from the future.

    Links of DVC's cache, other users' files and sources dated anyhow change nothing, as no time of theirs is compared.
    """
    redone = dag.below(stale, every)
    now = _touch(MARKS / "now")
    for stage in every:
        for part in stage.parts:
            # of an interrupted run: its parts start again and find their rows done
            part_mark(stage, part).unlink(missing_ok=True)
        _stamp(stage, now if stage.name in redone else ANCIENT)
        for product in (Path(product) for product in stage.products):
            if product.is_file() and product.stat().st_mtime > now - TICK:
                os.utime(product, (now - TICK, now - TICK))


def _stamp(stage: dag.Stage, time: float) -> None:
    """Date a stamp. A renewed one gets other content: Snakemake compares small inputs by checksum."""
    file = stamp(stage)
    if time != ANCIENT:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{time!r}\n")
    _touch(file, time)


def _touch(file: Path, time: float | None = None) -> float:
    """Give a file, made where it is missing, a time (None: now, by the clock of its file system); returns the time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    os.utime(file, None if time is None else (time, time))
    return file.stat().st_mtime


def forget_interruptions() -> None:
    """Remove Snakemake's marks of unfinished jobs: DVC knows what is unfinished, and may have finished some itself."""
    for file in INTERRUPTED.rglob("*"):
        if file.is_file():
            file.unlink()


def stamp(stage: dag.Stage) -> Path:
    """File by whose time Snakemake sees whether a stage is stale."""
    return MARKS / "stamps" / stage.rule


def renewed(every: dag.Stages) -> set[str]:
    """Products that are to be made again, by the stamps: what depends on any other is not to ask for its time."""
    old = (stage for stage in every if stamp(stage).exists() and stamp(stage).stat().st_mtime > ANCIENT)
    return {product for stage in old for product in [*stage.products, stage.receipt]}


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

    A stage is refused when its command, parameters or code have changed since the job started, or its receipt does not
    describe the files on disk; it stays stale, and the next run redoes it.
    """
    with recovery.locked() as repo:
        refresh(repo)
        return _record(repo, dag.of(repo))


def _record(repo: Repo, every: dag.Stages) -> tuple[list[str], list[str]]:
    marked = [stage for stage in every if mark(stage).is_file()]
    done = [
        stage
        for stage in marked
        if mark(stage).read_text().strip() == dag.definition(stage, every) and _matches_disk(stage)
    ]
    _commit(repo, [stage.name for stage in done])
    for stage in marked:
        mark(stage).unlink()
    return [stage.name for stage in done], [stage.name for stage in marked if stage not in done]


def _commit(repo: Repo, names: list[str]) -> None:
    """What ``repo.commit`` does for one stage, without resolving dvc.yaml again for each."""
    stages = {stage.addressing: stage for stage in repo.index.stages}
    for name in names:
        stages[name].save()
        stages[name].commit()
    dvclock.write(stages[name] for name in names)


def _matches_disk(stage: dag.Stage) -> bool:
    path = Path(stage.receipt)
    if not path.is_file() or not all(Path(out).exists() for out in stage.outs):
        return False
    try:
        receipt = receipts.load(path)
        recorded = {**receipt["inputs"], **receipt["outputs"]}
        same = all(Path(name).exists() and disk.digest(Path(name)) == value for name, value in recorded.items())
    except (StoreError, receipts.BadReceipt) as error:
        print(error, file=sys.stderr)
        return False
    return same and not any(_damaged(Path(out)) for out in stage.outs if out.endswith(".zarr"))


def _damaged(store: Path) -> bool:
    """Whether a store that is about to be recorded is not, byte for byte, what was sealed; says so."""
    problems = check(store, checksums=True)
    for problem in problems:
        print(f"{store}/{problem}", file=sys.stderr)
    return bool(problems)
