"""Features that pictures are compared by: Inception as torch-fidelity has it, or a seeded random network where its
weights are not needed.

n pictures, H W pixels, D features.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from cmg.extract.weights import resolve

LOOKS = ("inception", "random")
WIDTHS = (32, 64, 128, 256)  # of the random network
PER_FORWARD = 32


class Look(Protocol):
    """`name` is what the distance is called; features are float32 [n, D] of pictures uint8 [n, H, W, 3]."""

    name: str

    def __call__(self, pictures: np.ndarray) -> np.ndarray: ...


def make_look(kind: str, weights: Path, device: torch.device) -> Look:
    """`inception` or `random`. Raises WeightsError where Inception's weights are absent or not the expected ones."""
    return Inception(weights, device) if kind == "inception" else RandomLook(device)


class Inception:
    """torch-fidelity's Inception-v3 (TensorFlow's of 2015), pooled features of 2,048 values: the FID of the papers."""

    name = "FID"

    def __init__(self, weights: Path, device: torch.device) -> None:
        # only where it is used: a large import
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        checked = resolve("inception", weights)
        network: Any = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(checked)
        )
        self.network, self.device = network.to(device), device

    @torch.inference_mode()
    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        parts = torch.from_numpy(pictures).permute(0, 3, 1, 2).split(PER_FORWARD)
        return torch.cat([self.network(part.contiguous().to(self.device))[0].float().cpu() for part in parts]).numpy()


class RandomLook:
    """Seeded random strided convolutions; mean and deviation of every layer's channels. Never an FID (cf. Naeem et al.
    2020)."""

    name = "FD (random features)"

    def __init__(self, device: torch.device, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.kernels = []
        before = 3
        for width in WIDTHS:
            kernel = torch.randn(width, before, 3, 3, generator=generator)
            # colours and edges rather than light alone
            kernel = kernel - kernel.mean((1, 2, 3), keepdim=True) * (before == 3)
            self.kernels.append((kernel * (2 / kernel[0].numel()) ** 0.5).to(device))
            before = width
        self.device = device

    @torch.inference_mode()
    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        parts = torch.from_numpy(pictures).permute(0, 3, 1, 2).split(PER_FORWARD)
        return torch.cat([self._features(part.to(self.device).float() / 127.5 - 1).cpu() for part in parts]).numpy()

    def _features(self, values: torch.Tensor) -> torch.Tensor:
        found = []
        for kernel in self.kernels:
            values = nn.functional.relu(nn.functional.conv2d(values, kernel, stride=2, padding=1))
            found += [values.mean((2, 3)), values.std((2, 3), unbiased=False)]
        return torch.cat(found, dim=1)
