"""What stands on the page without being a function of its inputs: hardware, times, and tables that other commands may
have made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cmg.report.logs import PER_RUN, Log
from cmg.report.pagetables import PageTable
from cmg.report.times import hardware, times_view
from cmg.results import Run


@dataclass(frozen=True)
class Absent:
    """A table that could not be shown: its file, why, and the command that makes it."""

    file: str
    reason: str
    command: str


@dataclass(frozen=True)
class Measured:
    """Logs of finished stages on this machine, ``<stage>/<item>`` of those without one, tables that are no inputs of
    the page, and the commit of the project that it was made at.
    """

    logs: tuple[Log, ...] = ()
    missing: tuple[str, ...] = ()
    tables: tuple[PageTable, ...] = ()
    absent: tuple[Absent, ...] = ()
    commit: str = ""


def measured_view(measured: Measured, runs: Sequence[Run] = ()) -> dict[str, object]:
    """What the page's template asks for; ``runs`` are those of the page."""
    return {
        "hardware": hardware(measured.logs),
        "missing": _by_stage(measured.missing),
        "times": times_view(measured.logs, runs),
        "further": measured.tables,
        "absent": measured.absent,
        "commit": measured.commit,
    }


def _by_stage(names: Iterable[str]) -> list[str]:
    """``pretrain (fcid-0, fcid-1)``: runs first, then the others, each stage once."""
    found: dict[str, list[str]] = {}
    for name in names:
        stage, _, item = name.partition("/")
        found.setdefault(stage, []).append(item)
    return [
        f"{stage} ({', '.join(found[stage])})"
        for stage in sorted(found, key=lambda stage: (stage not in PER_RUN, stage))
    ]
