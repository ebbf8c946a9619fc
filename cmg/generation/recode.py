"""What code a generated picture has: through the video recipe of the stores and the method, as a real picture's.

n pictures, S pixels a side, D code dimensions.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from cmg.methods.base import Method
from cmg.train.standardise import Standardiser


@dataclass(frozen=True)
class Recoder:
    """backbone: a VGG-19 network with `maps`; dtype: of the stores that `method` was trained on. At most `most`
    pictures a call."""

    backbone: Any
    dtype: str
    method: Method
    standardise: Standardiser
    most: int

    @torch.inference_mode()
    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures uint8 [n, S, S, 3] -> code vectors float32 [min(n, most), D]; none for a method without a
        codebook."""
        books = self.method.codebooks()
        if not books or not self.most:
            return np.zeros((0, 0), np.float32)
        return np.stack([self._one(picture, books) for picture in pictures[: self.most]])

    def _one(self, picture: np.ndarray, books: list[torch.Tensor]) -> np.ndarray:
        maps = self.backbone.maps(torch.from_numpy(picture[None])).to(getattr(torch, self.dtype))
        clip: Any = {"level": "clip"}
        indices = self.method.encode("video", self.standardise("video", maps[None]), None, **clip).indices
        assert indices is not None
        return torch.cat([book[index] for book, index in zip(books, indices[0, 0], strict=True)]).float().cpu().numpy()
