"""Logs of stages: how long each took, on what, and what it noted. Times differ from run to run, so nothing made from
them is hashed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cmg.files import BadFile

PER_RUN = ("pretrain", "codes", "toc", "evaluate")  # stages whose item is a run, <method>-<seed>


@dataclass(frozen=True)
class Log:
    """One stage's latest run: wall ``seconds`` without starting Python, ``peak_memory_gib`` of its process (None: not
    recorded)."""

    stage: str
    item: str
    seconds: float
    processor: str = ""
    peak_memory_gib: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Method of a stage that concerns one run, with the point of a sweep; empty for the others."""
        return self.item.rpartition("-")[0] if self.stage in PER_RUN else ""


def read_log(path: Path) -> Log:
    """Read ``logs/<stage>/<item>.json``.

    Raises:
        ValueError: not what a stage writes; names the file.
    """
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
        stage, item, seconds = str(notes.pop("stage")), str(notes.pop("item")), float(notes.pop("seconds"))
        peak = notes.pop("peak_memory_gib", None)
        return Log(stage, item, seconds, str(notes.pop("processor", "")), None if peak is None else float(peak), notes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFile(
            f"{path}: expected a stage's log with stage, item and seconds, found {error!r}; remove it"
        ) from error


def read_logs(files: Iterable[Path]) -> tuple[tuple[Log, ...], tuple[Path, ...]]:
    """Logs of the files that are there, and the files that are not: a stage that was done elsewhere, or taken from a
    cache."""
    files = sorted(files)
    return tuple(read_log(path) for path in files if path.is_file()), tuple(
        path for path in files if not path.is_file()
    )
