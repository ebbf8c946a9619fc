"""Checkpoints: a folder with ``model.safetensors`` and ``checkpoint.json``; nothing in it is executed when it is read."""

import json
import os
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from cmg.methods import build
from cmg.methods.base import Method


def save(folder: Path, method: Method, about: dict[str, Any]) -> None:
    """Write weights and buffers, then ``about`` (method, config, seed, step, stores …), each atomically and with deterministic bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(method.state_dict().items())}
    _replace(folder / "model.safetensors", safetensors.torch.save(tensors))
    _replace(folder / "checkpoint.json", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def load(folder: Path, device: torch.device | str = "cpu") -> tuple[Method, dict[str, Any]]:
    """The trained method in evaluation mode, and what was recorded with it.

    Raises:
        FileNotFoundError: the folder holds no checkpoint.
        ValueError: the weights do not fit the recorded configuration; the message lists missing and unexpected keys.
    """
    for name in ("checkpoint.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name}: no checkpoint; run: dvc repro pretrain")
    about = json.loads((folder / "checkpoint.json").read_text())
    method = build(about["method"], about["config"])
    tensors = safetensors.torch.load_file(folder / "model.safetensors", device=str(device))
    expected = method.state_dict()
    missing, unexpected = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    if missing or unexpected:
        raise ValueError(f"{folder}: weights of another model: missing {missing}, unexpected {unexpected}")
    method.to(device)
    method.load_state_dict(tensors)
    return method.eval(), about
