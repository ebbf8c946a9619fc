"""Checkpoints: a folder with ``model.safetensors`` and ``checkpoint.json``; nothing in it is executed when it is read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from cmg.files import write_bytes
from cmg.methods import method_class
from cmg.methods.base import Method


def save(folder: Path, method: Method, about: dict[str, Any]) -> None:
    """Write weights and buffers, then ``about`` (method, config, seed, step, stores …), each atomically and with deterministic bytes."""
    save_tensors(folder, method.state_dict(), about)


def save_tensors(folder: Path, state: Mapping[str, Tensor], about: dict[str, Any]) -> None:
    """``save`` for a model given by its tensors; ``about["absent"]`` names those it lacks, which encoding does not need."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(state.items())}
    write_bytes(folder / "model.safetensors", safetensors.torch.save(tensors))
    write_bytes(folder / "checkpoint.json", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())


def load(folder: Path, device: torch.device | str = "cpu") -> tuple[Method, dict[str, Any]]:
    """The trained method in evaluation mode, and what was recorded with it; raises as ``load_as``."""
    return load_as(method_class(recorded(folder)["method"]), folder, device)


def recorded(folder: Path) -> dict[str, Any]:
    """What was recorded with the weights. Raises FileNotFoundError where the folder holds no checkpoint."""
    for name in ("checkpoint.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name}: no checkpoint; run: dvc repro")
    return json.loads((folder / "checkpoint.json").read_text())


def load_as(kind: type[Method], folder: Path, device: torch.device | str = "cpu") -> tuple[Method, dict[str, Any]]:
    """A model of a class that need not be registered, and what was recorded. What ``about["absent"]`` names keeps its initial values.

    Raises:
        FileNotFoundError: the folder holds no checkpoint.
        ValueError: the weights do not fit the recorded configuration; the message lists missing and unexpected keys.
    """
    about = recorded(folder)
    method = kind(kind.Config.model_validate(about["config"]))
    tensors = safetensors.torch.load_file(folder / "model.safetensors", device=str(device))
    expected = method.state_dict()
    absent = set(about.get("absent", ()))
    missing, unexpected = sorted(expected.keys() - tensors.keys() - absent), sorted(tensors.keys() - expected.keys())
    if missing or unexpected:
        raise ValueError(f"{folder}: weights of another model: missing {missing}, unexpected {unexpected}")
    method.to(device)
    method.load_state_dict(tensors, strict=not absent)
    return method.eval(), about
