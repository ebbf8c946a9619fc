"""Unfinished training: everything a run needs to go on to the same bits, in one file that is replaced atomically."""

import glob
import logging
import pickle
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer

from cmg.files import TEMPORARY, replacing
from cmg.methods.base import Method
from cmg.nn.distributed import world

LOG = logging.getLogger(__name__)


@dataclass
class Progress:
    """Where a run stands: ``step`` optimiser steps are done; ``history`` holds one row of floats per step, ``health``
    one per epoch."""

    step: int = 0
    columns: list[str] = field(default_factory=list)
    history: list[list[float]] = field(default_factory=list)
    health: list[dict[str, float]] = field(default_factory=list)

    @property
    def latest(self) -> dict[str, float]:
        """The last history row by column; empty before the first."""
        return dict(zip(self.columns, self.history[-1], strict=True)) if self.history else {}


def save(path: Path, key: str, method: Method, optimisers: dict[str, Optimizer], progress: Progress) -> None:
    """Write the state of a run identified by ``key`` (a digest of its inputs)."""
    state: dict[str, Any] = {
        "key": key,
        "method": method.state_dict(),
        "optimisers": {name: optimiser.state_dict() for name, optimiser in optimisers.items()},
        "progress": vars(progress),
    }
    # by a process that was killed; one alone writes this file
    for left in path.parent.glob(f".{glob.escape(path.name)}{TEMPORARY}"):
        left.unlink()
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(state, file)


def resume(path: Path, key: str, method: Method, optimisers: dict[str, Optimizer]) -> Progress:
    """Restore a run saved under the same ``key``; a fresh start when there is none (``unfinished``)."""
    state = unfinished(path, key)
    if state is None:
        return Progress()
    method.load_state_dict(state["method"])
    for name, optimiser in optimisers.items():
        optimiser.load_state_dict(state["optimisers"][name])
    return Progress(**state["progress"])


def unfinished(path: Path, key: str) -> dict[str, Any] | None:
    """What ``torch.save`` wrote of a run, if it is this one's; None where nothing is there, it belongs to other inputs,
    or it cannot be read: then it is moved aside, which is said, and training begins anew.
    """
    if not path.is_file():
        return None
    try:
        # a file that was cut off has no table of contents, and torch.load would take it for an old format
        zipfile.ZipFile(path).close()
        state = torch.load(path, weights_only=True, map_location="cpu")
        return state if state["key"] == key else None
    except FileNotFoundError:  # another rank has moved it aside
        return None
    except (
        zipfile.BadZipFile,
        RuntimeError,
        EOFError,
        pickle.UnpicklingError,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        _move_aside(path, error)
        return None


def _move_aside(path: Path, error: Exception) -> None:
    if world()[0] == 0:
        aside = path.with_name(f"{path.name}.damaged")
        LOG.warning(
            "%s: unfinished training cannot be read (%s); moved to %s, training begins anew", path, error, aside
        )
        path.replace(aside)
