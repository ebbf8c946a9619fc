"""What the engine asks of a modality and of a store, and what it reports."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch


@dataclass(frozen=True)
class Task:
    """One row to compute. spec: what `decode` gets; a MediaFailure in its place is passed on as that row's failure."""

    row: int
    spec: Any


@dataclass
class Batch:
    """features: `[clips, ...]` on the device, in the order of the items; valid: seconds (words) per clip."""

    features: torch.Tensor
    valid: list[int]


class Network(Protocol):
    """batch: clips per forward pass. Called with (place in the batch, decoded clip) pairs; places ascend and are below
    `batch`."""

    batch: int

    def __call__(self, items: Sequence[tuple[int, Any]]) -> Batch: ...


class Writer(Protocol):
    """Where rows go: the store writer."""

    def put(self, row: int, features: np.ndarray, valid: int, remarks: Iterable[tuple[str, str]]) -> None: ...

    def fail(self, row: int, status: str, reason: str) -> None: ...


@dataclass
class Report:
    """Counts and rates of a run, also handed to `progress` while it runs.

    failures: rows by kind; units: frames, samples or sentences decoded; valid: seconds or words with features;
    seconds: elapsed; computing: of which in the network and the writer.
    """

    total: int
    done: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    units: int = 0
    valid: int = 0
    seconds: float = 0.0
    computing: float = 0.0

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.units / self.seconds if self.seconds else 0.0


Progress = Callable[[Report], None]
