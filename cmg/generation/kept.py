"""What the generator stage writes and the others read: weights of the sample's generator, the real pictures' embeddings
and looks, floors.

N index rows, E embedding values, F features of a picture, S pixels a side.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save

from cmg.files import write_bytes
from cmg.generation.components import Components
from cmg.generation.generator import Generator
from cmg.generation.ip_adapter import IPAdapter, Sampling, load_parts

WEIGHTS, REFERENCE, ABOUT = "model.safetensors", "reference.safetensors", "about.json"


def write(
    folder: Path,
    generator: Generator,
    embeddings: np.ndarray,
    looks: np.ndarray,
    floors: Mapping[str, Any],
    distance: str,
) -> None:
    """Deterministic bytes, each file whole or not there. embeddings [N, E], looks [N, F] float32; rows without a
    picture are zero."""
    if isinstance(generator, Components):
        write_bytes(folder / WEIGHTS, save(generator.tensors()))
    write_bytes(folder / REFERENCE, save({"embeddings": embeddings, "looks": looks}))
    about = {"digest": generator.digest, "distance": distance, "floors": floors}
    write_bytes(folder / ABOUT, (json.dumps(about, indent=1, sort_keys=True) + "\n").encode())


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Embeddings, looks, and what `write` says about them. Raises FileNotFoundError naming what to run."""
    if not (folder / ABOUT).is_file():
        raise FileNotFoundError(f"{folder / ABOUT}: no generator; docs/generation.md says what makes it")
    tensors = load_file(folder / REFERENCE)
    return tensors["embeddings"], tensors["looks"], json.loads((folder / ABOUT).read_text())


def open_generator(kind: str, folder: Path, weights: Path, sampling: Sampling, device: torch.device) -> Generator:
    """The generator of a finished generator stage. Raises WeightsError for `ip_adapter` without its files."""
    if kind == "ip_adapter":
        return IPAdapter(load_parts(weights, device), sampling, device)
    return Components(sampling.size, **load_file(folder / WEIGHTS))
