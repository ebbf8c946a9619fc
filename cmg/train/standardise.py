"""Zero mean and unit variance per channel, from the training clips alone.

Features of random backbones share a large common part. Continuous InfoNCE learns under it,
FCID does not (InfoNCE and CPC stay at chance: docs/methods.md). The papers do not standardise, so only ``scale: mini``
does.

Axes: n clips (sentences), T seconds (words), H W 7x7, C channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save
from torch import Tensor

from cmg.files import write_bytes

CHUNK = 64  # clips read at once
FILE = "statistics.safetensors"  # beside a checkpoint


@dataclass(frozen=True)
class Standardiser:
    """``mean`` and ``scale`` [C] float32 by modality; a modality without them is left as it is."""

    mean: dict[str, np.ndarray] = field(default_factory=dict)
    scale: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def fit(cls, stores: Mapping[str, Any], rows: dict[str, np.ndarray]) -> "Standardiser":
        """Statistics over the valid seconds or words (and positions) of ``rows`` of each store, accumulated in
        float64."""
        found = {modality: _moments(store, rows[modality]) for modality, store in stores.items()}
        return cls({m: mean for m, (mean, _) in found.items()}, {m: scale for m, (_, scale) in found.items()})

    def __call__(self, modality: str, features: Tensor) -> Tensor:
        """[n,T,…,C] of any float type in, float32 out, on the same device; not standardised where there are no
        statistics."""
        features = features.to(torch.float32)
        if modality not in self.mean:
            return features
        mean, scale = (
            torch.from_numpy(getattr(self, name)[modality]).to(features.device, non_blocking=True)
            for name in ("mean", "scale")
        )
        return (features - mean) * scale

    def save(self, folder: Path) -> None:
        """Write the statistics of a checkpoint into its folder: ``mean.<modality>`` and ``scale.<modality>``, float32
        [C]."""
        tensors = {
            f"{name}.{modality}": values
            for name in ("mean", "scale")
            for modality, values in sorted(getattr(self, name).items())
        }
        write_bytes(folder / FILE, save(tensors))

    @classmethod
    def load(cls, folder: Path, about: Mapping[str, Any]) -> "Standardiser":
        """The statistics of the checkpoint in ``folder``, which ``about`` describes; an imported one may come without
        the file.

        Raises:
            FileNotFoundError: the file is absent and the model was trained on standardised features.
        """
        path = folder / FILE
        if not path.is_file() and about.get("pretrain", {}).get("standardise"):
            raise FileNotFoundError(
                f"{path}: no such file, and this model was trained on standardised features; run: dvc repro pretrain"
            )
        tensors = load_file(path) if path.is_file() else {}
        parts = {
            name: {key.split(".")[1]: v for key, v in tensors.items() if key.startswith(f"{name}.")}
            for name in ("mean", "scale")
        }
        return cls(**parts)


def _moments(store, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and 1/standard deviation per channel, float32."""
    count, total, squares = 0, 0.0, 0.0
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        features, valid = store.read(chunk).astype(np.float64), np.asarray(store.valid)[chunk]
        used = features[np.arange(features.shape[1]) < valid[:, None]].reshape(-1, features.shape[-1])
        count, total, squares = count + len(used), total + used.sum(0), squares + (used**2).sum(0)
    mean = np.asarray(total / count)
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return mean.astype(np.float32), (1 / np.maximum(deviation, 1e-3)).astype(np.float32)
