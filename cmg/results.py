"""What one run scored: the record that tasks write and the report reads, checked both ways; a JSON file per method and
seed."""

from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from cmg.faults import faults
from cmg.files import BadFile, write_json

HELP = "run: dvc repro"
CHECKED = ConfigDict(strict=True, extra="forbid")
Percent = Annotated[float, Field(ge=-1e-9, le=100 + 1e-9, allow_inf_nan=False)]


@dataclass(frozen=True, config=CHECKED)
class Cell:
    """One score. `q` is the number of TOC dimensions (None without TOC), `n_val` None where nothing was chosen.

    `chance` is the best score that a constant answer, the same for every clip and second, reaches on these test clips.
    `side` holds what else the task has to tell, by name. `dead`: how many of the q dimensions are the same in all
    codes.
    Retrieval: `fit_modality` asks `n_test` queries, `test_modality` holds `classes` items, chance is a random order's
    score.
    """

    task: str
    direction: str
    toc: bool
    metric: str
    score: Percent
    q: int | None
    fit_modality: str
    test_modality: str
    n_fit: int
    n_val: int | None
    n_test: int
    classes: int
    chance: Percent
    side: Mapping[str, Any] = field(default_factory=dict)
    dead: int | None = None


@dataclass(frozen=True, config=CHECKED)
class OpenCell:
    """Open-set scores of one fit and direction; `h` and its accuracies at the fixed threshold, `released_*` at the
    released one."""

    task: str
    direction: str
    toc: bool
    known_classes: int
    classes: int
    h: Percent
    known: Percent
    unknown: Percent
    released_h: Percent
    released_known: Percent
    released_unknown: Percent
    auroc: Percent
    oscr: Percent
    closed: Percent
    q: int | None
    n_fit: int
    n_val: int
    n_known: int
    n_unknown: int


@dataclass(frozen=True, config=CHECKED)
class Item:
    """A clip as one modality has it: its index row, and for text the sentence."""

    dataset: str
    modality: str
    row: int
    sentence: str = ""


@dataclass(frozen=True, config=CHECKED)
class Answer:
    """What a query brought back. `equal`: further answers with exactly this cosine."""

    item: Item
    right: bool
    cosine: float
    equal: int


@dataclass(frozen=True, config=CHECKED)
class Example:
    """One retrieval query and its first answers.

    `first` and `last`: the places that the best right answer may take among `answers_in_all`, equal cosines in any
    order.
    """

    direction: str
    query: Item
    answers: tuple[Answer, ...]
    first: int
    last: int
    answers_in_all: int


@dataclass(frozen=True, config=CHECKED)
class Run:
    """Everything of one method and seed under one protocol. Without a `codebook` there is nothing for TOC to choose
    from."""

    method: str
    variant: str
    seed: int
    protocol: str
    cells: tuple[Cell, ...]
    codebook: bool = True
    openset: tuple[OpenCell, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """``<method>-<seed>``, the name of the run's files."""
        return f"{self.method}-{self.seed}"

    def cell_of(self, task: str, direction: str, toc: bool) -> Cell | None:
        """The one cell with these keys, None when it was not run; ValueError when there are several."""
        found = [cell for cell in self.cells if (cell.task, cell.direction, cell.toc) == (task, direction, toc)]
        if len(found) > 1:
            metrics = ", ".join(cell.metric for cell in found)
            raise BadFile(
                f"run {self.name}: {len(found)} scores for {task} {direction} (toc={toc}): "
                f"{metrics}; expected one; {HELP}"
            )
        return found[0] if found else None


def write_run(path: Path, run: Run) -> None:
    """Write the file (deterministic bytes, atomic)."""
    write_json(path, asdict(run))


def read_run(path: Path) -> Run:
    """Read ``results/runs/<method>-<seed>.json``.

    Raises:
        ValueError: not JSON, a key is missing or unknown, or a value is not what it should be; names file, place,
            expected and found.
    """
    try:
        return TypeAdapter(Run).validate_json(path.read_bytes())
    except ValidationError as error:
        first, *others = faults(error)
        raise BadFile(f"{path}: {first}{f' (and {len(others)} more)' * bool(others)}; {HELP}") from error
