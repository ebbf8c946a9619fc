"""The part of the page that is no function of its inputs: logs of this machine, and tables that other commands may have
made by now.

None of it is an input of the report stage, so a log or a sweep never makes the page stale; it is read as it is when the
page is made.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cmg.methods import METHODS
from cmg.report.further import protocol_table, swept_table
from cmg.report.logs import Log, read_logs
from cmg.report.measured import Absent, Measured
from cmg.report.pagetables import PageTable
from pipeline import makers, paths, sweeps
from pipeline.orchestration import receipts

MISSING = "not made yet"


def logs() -> tuple[tuple[Log, ...], tuple[str, ...]]:
    """Logs of every stage that has a receipt, and ``<stage>/<item>`` of those without: done elsewhere, or taken from a
    cache."""
    names = {paths.log(*name.split("/", 1)): name for name in receipts.load_all()}
    found, missing = read_logs(names)
    return found, tuple(names[path] for path in missing)


def load() -> Measured:
    """Everything that is there, and what is not."""
    found, missing = logs()
    shown = [*_swept(), _shown(paths.PROTOCOLS, protocol_table, "python -m pipeline protocols")]
    tables = tuple(item for item in shown if isinstance(item, PageTable))
    return Measured(found, missing, tables, tuple(item for item in shown if isinstance(item, Absent)), _commit())


def _commit() -> str:
    """Of the project's code as it is now, and whether files of it have been edited since; empty where git knows
    none."""
    try:
        head, edited = (
            _git(*words) for words in (("rev-parse", "--short=12", "HEAD"), ("status", "--porcelain", "-uno"))
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ", with edits since" * bool(edited)


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def _swept() -> Iterator[PageTable | Absent]:
    """Tables of every method's sweeps, in the order of their lists."""
    for method in METHODS:
        if paths.sweeps(method).is_file():
            sweep = sweeps.load(method)
            for table, rows in sweep.tables.items():
                points = "; ".join(f"{row}: {_changes(sweep, row)}" for row in rows)
                command = makers.repro(paths.sweeps(method).parent, table)
                yield _shown(paths.table(table, "csv"), partial(swept_table, points=points), command)


def _changes(sweep: sweeps.Sweeps, row: str) -> str:
    """``losses: {recon: false}``, as the sweep's file has it."""
    return json.dumps(sweep.changes(row), ensure_ascii=False).replace('"', "")[1:-1] or "the main run"


def _shown(path: Path, read: Callable[[Path], PageTable], command: str) -> PageTable | Absent:
    """A table, or why it is not shown; one that an older version wrote does not stop the page."""
    if not path.is_file():
        return Absent(path.as_posix(), MISSING, command)
    try:
        return read(path)
    except ValueError as error:
        return Absent(path.as_posix(), f"cannot be read ({error})", command)
