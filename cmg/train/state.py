"""Unfinished training: everything a run needs to go on to the same bits, in one file that is replaced atomically."""

import glob
import pickle
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer

from cmg.files import TEMPORARY, replacing
from cmg.methods.base import Method


@dataclass
class Progress:
    """Where a run stands: ``step`` optimiser steps are done; ``history`` holds one row of floats per step, ``health`` one per epoch."""

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
    for left in path.parent.glob(f".{glob.escape(path.name)}{TEMPORARY}"):  # by a process that was killed; one alone writes this file
        left.unlink()
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(state, file)


def resume(path: Path, key: str, method: Method, optimisers: dict[str, Optimizer]) -> Progress:
    """Restore a run saved under the same ``key``; a fresh start when there is none or it belongs to other inputs.

    Raises:
        ValueError: the file is damaged; the message names it.
    """
    if not path.is_file():
        return Progress()
    try:
        zipfile.ZipFile(path).close()  # a file that was cut off has no table of contents, and torch.load would take it for an old format
        state = torch.load(path, weights_only=True, map_location="cpu")
    except (zipfile.BadZipFile, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path}: unfinished training cannot be read ({error}); delete the file to train from the beginning") from error
    if state["key"] != key:
        return Progress()
    method.load_state_dict(state["method"])
    for name, optimiser in optimisers.items():
        optimiser.load_state_dict(state["optimisers"][name])
    return Progress(**state["progress"])
