"""Tasks in fixed groups, and their decoded clips as they become complete."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from cmg.extract.contract import Task
from cmg.media.failure import MediaFailure
from cmg.media.pool import DecodePool

Group = list[tuple[Task, Any]]  # a task with what it decoded to: arrays, or a MediaFailure


def in_groups(tasks: list[Task], batch: int) -> list[list[Task]]:
    """Tasks of the same `row // batch` together, in row order."""
    ordered = sorted(tasks, key=lambda task: task.row)
    return [list(group) for _, group in groupby(ordered, key=lambda task: task.row // batch)]


@contextmanager
def decoded(
    groups: list[list[Task]], decode: Callable[[Any], Any], workers: int, time_limit: float, memory_limit: int | None
) -> Iterator[Iterator[Group]]:
    """The groups with their decoded clips, in order of completion; on leaving, the decoding processes end."""
    if workers == 0:
        yield ([(task, _outcome(decode, task.spec)) for task in group] for group in groups)
        return
    with DecodePool(decode, workers, time_limit, memory_limit) as pool:
        yield _as_decoded(groups, pool, ahead=2 * workers + 1)


def _as_decoded(groups: list[list[Task]], pool: DecodePool, ahead: int) -> Iterator[Group]:
    """Groups as they become complete; at most about `ahead` clips wait in memory, so one slow file holds up only its
    own group."""
    remaining = iter(groups)
    open_groups: list[tuple[list[Task], list[Future]]] = []
    while True:
        while sum(len(group) for group, _ in open_groups) < ahead and (group := next(remaining, None)) is not None:
            open_groups.append((group, [_submit(pool, task.spec) for task in group]))
        if not open_groups:
            return
        complete = next((item for item in open_groups if all(future.done() for future in item[1])), None)
        if complete is None:
            wait(
                [future for _, futures in open_groups for future in futures if not future.done()],
                return_when=FIRST_COMPLETED,
            )
            continue
        open_groups.remove(complete)
        group, futures = complete
        yield [(task, future.result()) for task, future in zip(group, futures, strict=True)]


def _submit(pool: DecodePool, spec: Any) -> Future:
    if not isinstance(spec, MediaFailure):
        return pool.submit(spec)
    known: Future = Future()
    known.set_result(spec)
    return known


def _outcome(decode: Callable[[Any], Any], spec: Any) -> Any:
    """Decode here, with failures as values, as the pool gives them."""
    if isinstance(spec, MediaFailure):
        return spec
    try:
        return decode(spec)
    except MediaFailure as failure:
        return failure
