"""What a generator is: pictures to embeddings, embeddings to pictures, with nothing of it trained on codes.

n pictures, E embedding values, S pixels a side.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class Generator(Protocol):
    """`width` is E, `size` is S; `digest` says which weights these are.

    `embed` and `generate` compute a picture alone or among others to the same bits.
    """

    @property
    def width(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def digest(self) -> str: ...

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """Embeddings float32 [n, E] of pictures uint8 [n, H, W, 3]."""
        ...

    def generate(self, embeddings: np.ndarray, seeds: Sequence[int]) -> np.ndarray:
        """Pictures uint8 [n, S, S, 3] of embeddings float32 [n, E], each from the noise of its own seed."""
        ...

    def noise_loss(self, embeddings: Tensor, pictures: np.ndarray, generator: torch.Generator) -> Tensor:
        """Denoising error with `embeddings` [n, E] as the condition of `pictures` [n, H, W, 3], a scalar with gradients
        of `embeddings`.

        Raises GeneratorError for a generator that is no diffusion model.
        """
        ...


class GeneratorError(RuntimeError):
    """A generator that cannot be had, or not do what is asked of it; the message says what is needed."""


def pair_seed(seed: int, pair: str) -> int:
    """Seed of a pair's noise, the same in all directions and for all methods: the first 63 bits of
    SHA-256("<seed>:<pair>")."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{pair}".encode()).digest()[:8], "big") >> 1
