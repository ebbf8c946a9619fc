"""Decode in processes, compute here, write rows: one loop for every modality.

Clips are computed in fixed groups, `row // batch`, each clip at the place `row % batch` of a batch of constant shape: a
row's bytes depend neither on timing nor on which other rows are computed in this run.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cmg.extract.contract import Batch, Network, Progress, Report, Task, Writer
from cmg.extract.groups import Group, decoded, in_groups
from cmg.media.failure import MediaFailure
from cmg.media.remark import Remark

# rows with what was decided for them, and what the network makes of them
Launched = tuple[list[tuple[int, tuple[Remark, ...]]], Batch]


def extract(
    tasks: Iterable[Task],
    decode: Callable[[Any], Any],
    network: Network,
    writer: Writer,
    workers: int = 2,
    time_limit: float = 60.0,
    memory_limit: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Decode, compute and write every task; a file that cannot be decoded becomes `writer.fail`, not an error.

    decode: function of a module (it runs in other processes); workers=0 decodes here, without limits (for what needs no
    decoder). On KeyboardInterrupt or SIGTERM the processes are ended and the exception goes on; rows already put stay
    put.
    """
    tasks = list(tasks)
    report = Report(total=len(tasks))
    started = time.perf_counter()
    with (
        _interruptible(),
        decoded(in_groups(tasks, network.batch), decode, workers, time_limit, memory_limit) as groups,
    ):
        waiting: Launched | None = None
        for group in groups:
            begin = time.perf_counter()
            launched = _launch(group, network, writer, report)
            _deliver(waiting, writer, report)  # the previous group: a GPU computes the new one meanwhile
            waiting = launched
            report.computing += time.perf_counter() - begin
            report.seconds = time.perf_counter() - started
            if progress is not None:
                progress(report)
        _deliver(waiting, writer, report)
    report.seconds = time.perf_counter() - started
    if progress is not None:
        progress(report)
    return report


def _launch(group: Group, network: Network, writer: Writer, report: Report) -> Launched | None:
    items: list[tuple[int, Any]] = []
    rows: list[tuple[int, tuple[Remark, ...]]] = []
    for task, outcome in group:
        if isinstance(outcome, MediaFailure):
            writer.fail(task.row, outcome.kind, outcome.reason)
            report.failures[outcome.kind] += 1
            report.done += 1
            continue
        items.append((task.row % network.batch, outcome))
        rows.append((task.row, outcome.remarks))
        report.units += len(outcome.array)
    return (rows, network(items)) if items else None


def _deliver(waiting: Launched | None, writer: Writer, report: Report) -> None:
    if waiting is None:
        return
    rows, batch = waiting
    values = batch.features.cpu().numpy()
    for (row, remarks), features, valid in zip(rows, values, batch.valid, strict=True):
        if np.isfinite(features).all():
            writer.put(row, features, valid, [(remark.kind, remark.text) for remark in remarks])
            report.valid += valid
        else:
            writer.fail(
                row,
                "unreadable",
                "its features are not finite numbers: the file holds values that are not, or too large ones",
            )
            report.failures["unreadable"] += 1
        report.done += 1


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends the run like Ctrl-C does, through the clean-up, with exit status 143. Only the main thread can
    arrange that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
