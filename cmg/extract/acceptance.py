"""Numbers that the real weights and the real files are known to give (facts/datasets.md 2.2), to be checked where they
are at hand.

The VGGish sine test is the one of the authors' own smoke test: three seconds of 1 kHz, mean and deviation of the
embeddings within a tenth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cmg.extract.logmel import RATE
from cmg.extract.vggish import Network, Recipe
from cmg.media.source import Decoded
from cmg.store.statistics import Statistics

SINE_SECONDS, SINE_HERTZ = 3, 1000
SINE = {"relu": (0.131, 0.238), "pca": (123.0, 75.0)}  # mean, standard deviation of all embeddings
SINE_SHARE = 0.1  # by which a number may differ
AVE_CLIPS = 178  # those of audio_feature_noisy.h5, on which the numbers of AVE's released sound features were taken
AVE_SOUND = {"mean": 0.1222, "std": 0.2623, "zeros": 0.653}
AVE_SHARE = 0.15  # by which features of other AVE clips may differ


@dataclass(frozen=True)
class Check:
    """One known number: what it is of, what was found, what is expected, and how far apart the two may be."""

    what: str
    found: float
    expected: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return abs(self.found - self.expected) <= self.tolerance

    def __str__(self) -> str:
        verdict = "as known" if self.passed else "NOT as known"
        return f"{self.what}: {self.found:.4f}, expected {self.expected:g} within {self.tolerance:.2g}: {verdict}"


def sine_test(weights_dir: Path, output: str = "relu", network: Callable[..., Network] = Network) -> list[Check]:
    """The sine test of the trained VGGish, through the extractor's own path. output: `relu` or `pca`.

    Raises WeightsError, which says where to get them, when the weights are absent or not the expected ones.
    """
    time = np.arange(SINE_SECONDS * RATE) / RATE
    sound = Decoded(np.sin(2 * np.pi * SINE_HERTZ * time).astype(np.float32), SINE_SECONDS, RATE)
    vggish = network(Recipe(weights="audioset", seconds=SINE_SECONDS, output=output), weights_dir, torch.device("cpu"))
    values = vggish([(0, sound)]).features.double()
    found = {"mean": float(values.mean()), "std": float(values.std(correction=0))}
    known = zip(found.items(), SINE[output], strict=True)
    return [
        Check(f"sine test, {output}, {name}", value, expected, SINE_SHARE * expected)
        for (name, value), expected in known
    ]


def ave_sound(side: Statistics, whose: str, share: float = AVE_SHARE) -> list[Check]:
    """Statistics of AVE's sound features (raw embeddings after the last ReLU) against the known ones. share: by which
    they may differ."""
    checks = [
        Check(f"AVE sound, {whose}, {name}", getattr(side, name), value, share * value)
        for name, value in AVE_SOUND.items()
    ]
    return [*checks, Check(f"AVE sound, {whose}, min", side.low, 0.0, 0.0)]
