"""Training histories: ``history.csv`` with ``step``, ``epoch``, loss terms, ``total`` and codebook statistics of
batches; ``codebook.csv`` with ``epoch`` and codebook statistics of whole epochs.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cmg.files import BadFile

AXES = ("step", "epoch")
CODEBOOK_WORDS = ("usage", "perplexity")


@dataclass(frozen=True)
class History:
    """Columns of one run; ``columns[name][i]`` belongs to ``steps[i]`` (codebook.csv: epochs); nan: a field is empty or
    not finite."""

    run: str
    steps: tuple[float, ...]
    columns: dict[str, tuple[float, ...]]

    @property
    def method(self) -> str:
        """Name of the run without its seed."""
        return self.run.rpartition("-")[0]

    def names(self, codebook: bool) -> list[str]:
        """Codebook statistics, or everything else (loss terms), in the order of the file."""
        return [name for name in self.columns if any(word in name.lower() for word in CODEBOOK_WORDS) == codebook]


def read_history(path: Path, axis: str = "step") -> History:
    """Read ``…/<run>/history.csv``, or ``codebook.csv`` with the axis ``epoch``; the run's name is the folder's.

    Raises:
        ValueError: no column named as the axis, a ragged line, or a field that is not a number; names file, line and
            column.
    """
    columns = read_columns(path)
    if axis not in columns:
        raise BadFile(
            f"{path}: expected a column '{axis}', found {', '.join(columns) or 'an empty file'}; "
            "run: dvc repro pretrain"
        )
    steps = columns[axis]
    return History(path.parent.name, steps, {name: values for name, values in columns.items() if name not in AXES})


def read_columns(path: Path) -> dict[str, tuple[float, ...]]:
    """All columns of ``history.csv`` or ``codebook.csv`` in their order; errors as in `read_history`."""
    with path.open(newline="", encoding="utf-8") as handle:
        header, *lines = [*csv.reader(handle)] or [[]]
    rows = [_row(line, header, f"{path} line {number}") for number, line in enumerate(lines, start=2)]
    return {name: tuple(row[i] for row in rows) for i, name in enumerate(header)}


def _row(line: list[str], header: list[str], where: str) -> list[float]:
    if len(line) != len(header):
        raise BadFile(f"{where}: expected {len(header)} fields, found {len(line)}; run: dvc repro pretrain")
    return [_number(text, f"{where}, column {name}") for text, name in zip(line, header, strict=True)]


def _number(text: str, where: str) -> float:
    if not text.strip():
        return math.nan
    try:
        value = float(text)
    except ValueError as error:
        raise BadFile(f"{where}: expected a number, found {text!r}; run: dvc repro pretrain") from error
    return value if math.isfinite(value) else math.nan


def thin(steps: Sequence[float], values: Sequence[float], points: int = 100) -> tuple[list[float], list[float]]:
    """At most ``points`` pairs, means over equal windows of consecutive finite values; short series are returned as
    they are."""
    pairs = [
        (step, value) for step, value in zip(steps, values, strict=True) if math.isfinite(step) and math.isfinite(value)
    ]
    width = max(1, math.ceil(len(pairs) / points))
    windows = [pairs[start : start + width] for start in range(0, len(pairs), width)]
    return [sum(s for s, _ in w) / len(w) for w in windows], [sum(v for _, v in w) / len(w) for w in windows]
