"""Checkpoints: a folder with ``model.safetensors`` and ``checkpoint.json``; nothing in it is executed when it is
read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import safetensors.torch
import torch
from torch import Tensor

from cmg.files import write_bytes
from cmg.methods import build
from cmg.methods.base import Method

Loaded = TypeVar("Loaded", bound=Method)


def save(folder: Path, method: Method, about: dict[str, Any]) -> None:
    """Write weights and buffers, then ``about`` (method, config, seed, step, stores …), each atomically and with
    deterministic bytes."""
    save_tensors(folder, method.state_dict(), about)


def save_tensors(folder: Path, state: Mapping[str, Tensor], about: dict[str, Any]) -> None:
    """``save`` for a model given by its tensors; ``about["absent"]`` names those it lacks, which encoding does not
    need."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(state.items())}
    write_bytes(folder / "model.safetensors", safetensors.torch.save(tensors))
    write_bytes(folder / "checkpoint.json", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())


def load(folder: Path, device: torch.device | str = "cpu") -> tuple[Method, dict[str, Any]]:
    """The trained method in evaluation mode, and what was recorded with it. What ``about["absent"]`` names keeps its
    initial values.

    Raises:
        FileNotFoundError: the folder holds no checkpoint.
        ValueError: the weights do not fit the recorded configuration; the message lists missing and unexpected keys.
    """
    about = _recorded(folder)
    return _filled(build(about["method"], about["config"]), about, folder, device), about


def load_as(kind: type[Loaded], folder: Path, device: torch.device | str = "cpu") -> tuple[Loaded, dict[str, Any]]:
    """As ``load``, of a class that is none of the registered methods."""
    about = _recorded(folder)
    return _filled(kind(kind.Config.model_validate(about["config"])), about, folder, device), about


def _recorded(folder: Path) -> dict[str, Any]:
    for name in ("checkpoint.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name}: no checkpoint; run: dvc repro")
    return json.loads((folder / "checkpoint.json").read_text())


def _filled(method: Loaded, about: dict[str, Any], folder: Path, device: torch.device | str) -> Loaded:
    """A method of fresh weights with those of the folder."""
    tensors = safetensors.torch.load_file(folder / "model.safetensors", device=str(device))
    expected = method.state_dict()
    absent = set(about.get("absent", ()))
    missing, unexpected = sorted(expected.keys() - tensors.keys() - absent), sorted(tensors.keys() - expected.keys())
    if missing or unexpected:
        raise ValueError(f"{folder}: weights of another model: missing {missing}, unexpected {unexpected}")
    method.to(device)
    method.load_state_dict(tensors, strict=not absent)
    return method.eval()
