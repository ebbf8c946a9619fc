"""Run results: one JSON file per method and seed, checked when read."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

HELP = "run: dvc repro"
OPEN_KEYS = ("task", "known_classes", "classes", "direction", "toc")
OPEN_SCORES = ("h", "known", "unknown", "released_h", "released_known", "released_unknown", "auroc", "oscr", "closed")


@dataclass(frozen=True)
class Score:
    """One evaluated cell. ``score`` and ``chance`` are percentages; ``chance`` is None where it was not computed."""

    task: str
    direction: str
    toc: bool
    metric: str
    score: float
    q: int | None = None
    fit_modality: str = ""
    test_modality: str = ""
    n_fit: int | None = None
    n_val: int | None = None
    n_test: int | None = None
    classes: int | None = None
    chance: float | None = None
    side: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """All cells of one method and seed under one protocol. Without a ``codebook`` there is nothing for TOC to choose from."""

    method: str
    variant: str
    seed: int
    protocol: str
    cells: tuple[Score, ...]
    codebook: bool = True
    openset: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """``<method>-<seed>``, the name of the run's files."""
        return f"{self.method}-{self.seed}"

    def score_of(self, task: str, direction: str, toc: bool) -> Score | None:
        """The one cell with these keys, None when it was not run; ValueError when there are several."""
        found = [cell for cell in self.cells if (cell.task, cell.direction, cell.toc) == (task, direction, toc)]
        if len(found) > 1:
            metrics = ", ".join(cell.metric for cell in found)
            raise ValueError(f"run {self.name}: {len(found)} scores for {task} {direction} (toc={toc}): {metrics}; expected one; {HELP}")
        return found[0] if found else None


def read_run(path: Path) -> Run:
    """Read ``results/runs/<method>-<seed>.json``.

    Raises:
        ValueError: not JSON, a key is missing, or a number is not finite; names file, cell, expected and found.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected JSON, found {error}; {HELP}") from error
    names = ("method", "variant", "seed", "protocol", "cells", "openset", "codebook")
    method, variant, seed, protocol, cells, opened, codebook = (_need(data, name, path) for name in names)
    openset = tuple(_open(cell, f"{path}: open-set cell {number}") for number, cell in enumerate(opened))
    run = from_cells(str(method), str(variant), int(seed), str(protocol), cells, str(path))
    return replace(run, codebook=_flag(codebook, path, "codebook"), openset=openset)


def from_cells(method: str, variant: str, seed: int, protocol: str, cells: Iterable[Mapping[str, Any]], where: str = "results") -> Run:
    """A run from plain cells, checked as `read_run` checks them; `where` begins the messages."""
    return Run(method, variant, seed, protocol, tuple(_score(cell, f"{where}: cell {number}") for number, cell in enumerate(cells)))


def _need(data: Any, key: str, where: object) -> Any:
    if not isinstance(data, Mapping) or key not in data:
        raise ValueError(f"{where}: expected a mapping with key '{key}', found {_brief(data)}; {HELP}")
    return data[key]


def _brief(data: Any) -> str:
    return ", ".join(map(str, data)) if isinstance(data, Mapping) else type(data).__name__


def _score(cell: Any, where: str) -> Score:
    names = ("n_fit", "n_val", "n_test", "classes", "q")
    counts = {name: None if cell.get(name) is None else int(cell[name]) for name in names} if isinstance(cell, Mapping) else {}
    return Score(
        task=str(_need(cell, "task", where)),
        direction=str(_need(cell, "direction", where)),
        toc=_flag(_need(cell, "toc", where), where, "toc"),
        metric=str(_need(cell, "metric", where)),
        score=_percent(_need(cell, "score", where), "score", where),
        chance=None if cell.get("chance") is None else _percent(cell["chance"], "chance", where),
        fit_modality=str(cell.get("fit_modality") or ""),
        test_modality=str(cell.get("test_modality") or ""),
        side=dict(cell.get("side") or {}),
        **counts,
    )


def _open(cell: Any, where: str) -> Mapping[str, Any]:
    """An open-set cell with its keys and scores checked."""
    for name in OPEN_KEYS:
        _need(cell, name, where)
    return {**cell, **{name: _percent(cell[name], name, where) for name in OPEN_SCORES}}


def _flag(value: Any, where: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{where}: expected {name} true or false, found {value!r}; {HELP}")
    return value


def _percent(value: Any, name: str, where: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not -1e-9 <= value <= 100 + 1e-9:
        raise ValueError(f"{where}: expected {name} in percent (0 to 100), found {value!r}; {HELP}")
    return float(value)
