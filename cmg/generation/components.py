"""The sample corpus' generator: principal components of its own pictures, the best linear encoder and decoder of that
width.

The encoder stands for CLIP, the decoder for adapter and Stable Diffusion: a random Stable Diffusion gives noise
whatever the code, so that no distance would mean anything, and none learns these textures in a minute here
(missing_tables.md 1.10). n pictures, E embedding values, S pixels a side, P = 3 S S.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from cmg.extract.resize import antialiased
from cmg.extract.weights import digest
from cmg.generation.generator import GeneratorError

WIDTH = 128  # at most
NOISE = 0.05  # of a picture's seed, in standard deviations of each component


@dataclass(frozen=True)
class Components:
    """The generator `sample`. mean: float32 [P]; basis: [E, P], orthonormal rows; spread: [E], standard deviations of
    the components."""

    size: int
    mean: np.ndarray
    basis: np.ndarray
    spread: np.ndarray

    @property
    def width(self) -> int:
        return len(self.basis)

    @property
    def digest(self) -> str:
        return digest({name: torch.from_numpy(values) for name, values in self.tensors().items()})

    def tensors(self) -> dict[str, np.ndarray]:
        """What `Components(size, **tensors)` is made from."""
        return {"mean": self.mean, "basis": self.basis, "spread": self.spread}

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """As `Generator.embed`; one unit is the root mean square of the components' deviations."""
        return np.stack([self.basis @ (row - self.mean) / self._unit for row in flat(pictures, self.size)])

    def generate(self, embeddings: np.ndarray, seeds: Sequence[int]) -> np.ndarray:
        """As `Generator.generate`."""
        return np.stack([self._one(embedding, seed) for embedding, seed in zip(embeddings, seeds, strict=True)])

    def noise_loss(self, embeddings: Tensor, pictures: np.ndarray, generator: torch.Generator) -> Tensor:
        """Raises GeneratorError."""
        raise GeneratorError(
            "generation.target diffusion needs a diffusion model: generator ip_adapter, or target embedding"
        )

    @property
    def _unit(self) -> np.float32:
        return np.sqrt(np.mean(self.spread**2))

    def _one(self, embedding: np.ndarray, seed: int) -> np.ndarray:
        noise = np.random.default_rng(seed).normal(size=self.width).astype(np.float32)
        values = self.mean + (embedding * self._unit + NOISE * self.spread * noise) @ self.basis
        return np.clip(np.round(values * 255), 0, 255).astype(np.uint8).reshape(self.size, self.size, 3)


def flat(pictures: np.ndarray, size: int) -> np.ndarray:
    """uint8 [n, H, W, 3] -> float32 [n, P] in 0..1."""
    placed = antialiased(torch.from_numpy(pictures), size).permute(0, 2, 3, 1)
    return placed.reshape(len(pictures), -1).numpy() / np.float32(255)


def fit_components(pictures: np.ndarray, size: int) -> Components:
    """Components of pictures uint8 [n, H, W, 3] and their mirror images, computed exactly. Raises GeneratorError for
    too few pictures."""
    if len(pictures) < 2:
        raise GeneratorError(
            f"generation: the sample's generator needs at least 2 pictures of the train split, found {len(pictures)}"
        )
    values = flat(np.concatenate([pictures, pictures[:, :, ::-1]]), size)
    found = PCA(min(WIDTH, len(pictures)), svd_solver="full").fit(values)
    parts = (found.mean_, found.components_, np.sqrt(found.explained_variance_))
    return Components(size, *(np.ascontiguousarray(part, dtype=np.float32) for part in parts))
