"""Pictures of a pixel store to train on, batch by batch: the first frame of every clip.

Axes: N pictures, B of a batch, S pixels a side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cmg.datasets.clips import Clip
from cmg.methods.vqvae.model import Pictures
from cmg.train.data import Rows

CHUNK = 256  # pictures read at once


@dataclass(frozen=True)
class StoredPictures:
    """Rows [N] of a store of uint8 frames [T,S,S,3]."""

    store: Rows
    rows: np.ndarray
    device: torch.device

    def __len__(self) -> int:
        return len(self.rows)

    def fetch(self, positions: np.ndarray) -> Tensor:
        """The pictures at ``positions``, uint8 [B,S,S,3]; pinned where a GPU will copy them."""
        frames = torch.from_numpy(np.ascontiguousarray(self.store.read(self.rows[positions])[:, 0]))
        return frames.pin_memory() if self.device.type == "cuda" else frames

    def place(self, fetched: Tensor) -> Pictures:
        """What ``fetch`` gave in [0,1] on the device, channels first in shape and last in memory, as convolutions read
        them."""
        return Pictures(fetched.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float() / 255)

    def in_order(self, batch_size: int) -> Iterator[Pictures]:
        """Every picture once, in row order."""
        for start in range(0, len(self), batch_size):
            yield self.place(self.fetch(np.arange(start, min(start + batch_size, len(self)))))

    def variance(self) -> float:
        """Of all values in [0,1] about their common mean: the MSE of the best picture of one grey level."""
        total = squares = count = 0
        for start in range(0, len(self), CHUNK):
            values = self.store.read(self.rows[start : start + CHUNK])[:, 0].astype(np.int64)
            total, squares, count = total + int(values.sum()), squares + int((values**2).sum()), count + values.size
        return (squares - total**2 / count) / count / 255**2


def usable(store: Rows, clips: Sequence[Clip], split: str) -> np.ndarray:
    """Rows of a split that have a picture, int64 [N]; clips: the index that the store was made from."""
    wanted = np.array([clip.split == split for clip in clips])
    return np.flatnonzero(wanted & (np.asarray(store.valid) > 0))
