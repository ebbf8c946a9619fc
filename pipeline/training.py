"""What the stages that train share: whether the device can, the loop's options, and when unfinished training goes
on."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from cmg.train import precision
from cmg.train.divergence import history_file
from cmg.train.loop import TrainOptions
from pipeline.orchestration import code
from pipeline.params import ParameterError, Saves


class Schedule(Protocol):
    """A section of params.yaml that says how something is trained."""

    @property
    def epochs(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def learning_rate(self) -> float: ...

    @property
    def precision(self) -> precision.Precision: ...


def capable(device: torch.device, schedule: Schedule) -> torch.device:
    """The device, if it computes in the precision of the schedule; raises ParameterError."""
    try:
        precision.check(schedule.precision, device)
    except precision.UnsupportedPrecision as error:
        raise ParameterError(f"params.yaml: {error}") from error
    return device


def options(schedule: Schedule, seed: int, saves: Saves) -> TrainOptions:
    """As the loop takes them."""
    return TrainOptions(
        schedule.epochs,
        schedule.batch_size,
        schedule.learning_rate,
        seed=seed,
        save_every=saves.steps,
        save_seconds=saves.seconds,
        precision=schedule.precision,
    )


def key(used: Mapping[str, Any], inputs: Mapping[str, str], name: str, device: torch.device) -> str:
    """Unfinished training goes on only with the same configuration, inputs, code, torch, kind of device and number of
    threads."""
    parts = [used, inputs, code.of(name), torch.__version__, device.type, torch.get_num_threads()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def forget(work: Path) -> None:
    """Remove what unfinished training left, now that it is finished."""
    for left in (work, history_file(work)):
        left.unlink(missing_ok=True)
