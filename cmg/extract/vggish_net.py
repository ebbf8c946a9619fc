"""The VGGish network, and seeded random weights for it.

Letters: B examples of 0.96 s, 96 frames, 64 bands, 128 channels.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from cmg.extract.calibrate import calibrate, fill_normal
from cmg.extract.logmel import BANDS, FRAMES, RATE, example

CHANNELS = 128
FULL, FULL_HIDDEN = (64, 128, 256, 256, 512, 512), 4096
MINI, MINI_HIDDEN = (16, 32, 64, 64, 128, 128), 512  # defaults of random weights
POOL_AFTER = (0, 1, 3, 5)  # convolutions that a 2x2 maximum follows
POSITIONS = (FRAMES // 16) * (BANDS // 16)  # 6 x 4 positions after the four poolings
CALIBRATION_EXAMPLES = 64


class VGGish(nn.Module):
    """6 convolutions and 3 dense layers; parameters named `features.N` and `embeddings.N` as in torchvggish."""

    def __init__(self, widths: Sequence[int] = FULL, hidden: int = FULL_HIDDEN) -> None:
        super().__init__()
        stack: list[nn.Module] = []
        for number, (before, after) in enumerate(zip((1, *widths), widths, strict=False)):
            stack += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
            if number in POOL_AFTER:
                stack.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*stack)
        dense = (nn.Linear(widths[-1] * POSITIONS, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, CHANNELS))
        self.embeddings = nn.Sequential(*(part for layer in dense for part in (layer, nn.ReLU())))

    def forward(self, examples: torch.Tensor) -> torch.Tensor:
        """Examples `[B, 96, 64]` → `[B, 128]` before the last ReLU."""
        maps = self.features(examples[:, None])
        return self.embeddings[:-1](maps.permute(0, 2, 3, 1).flatten(1))  # (time, frequency, channel) order


def random_vggish(seed: int, widths: Sequence[int] = MINI, hidden: int = MINI_HIDDEN) -> VGGish:
    """Seeded random weights, calibrated on log-mel examples of noise and tones made from the seed."""
    generator = np.random.default_rng([seed, 128])
    network = VGGish(widths, hidden)
    values = example(torch.from_numpy(_calibration_sounds(generator))).double()[:, None]
    with torch.no_grad():
        for layer in (*network.features, nn.Flatten(), *network.embeddings):
            if isinstance(layer, nn.Flatten):
                values = values.permute(0, 2, 3, 1).flatten(1)
            elif isinstance(layer, nn.Conv2d | nn.Linear):
                fill_normal(layer, generator)
                values = calibrate(layer, values)
            else:
                values = layer(values)
    return network


def _calibration_sounds(generator: np.random.Generator) -> np.ndarray:
    """float32 `[n, 16000]`: square tones of random period and loudness in noise of random loudness, from integer
    draws."""
    time = np.arange(RATE)
    periods = generator.integers(4, 160, (CALIBRATION_EXAMPLES, 1))
    gates = generator.integers(800, 16_000, (CALIBRATION_EXAMPLES, 1))
    tones = ((time % periods) * 2 < periods) * 2.0 - 1.0
    rhythm = (time % gates) * 2 < gates
    noise = generator.integers(-32768, 32768, (CALIBRATION_EXAMPLES, RATE)) / 32768
    loudness = generator.integers(1, 256, (2, CALIBRATION_EXAMPLES, 1)) / 512
    return (loudness[0] * tones * rhythm + loudness[1] ** 2 * noise).astype(np.float32)
