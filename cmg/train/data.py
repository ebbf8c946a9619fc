"""Paired features of the pretraining clips.

Axes: B clips, T seconds, L words, H W 7x7, C channels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from cmg.methods.base import Batch
from cmg.train.standardise import Standardiser


class Rows(Protocol):
    """The part of a feature store that training reads."""

    valid: np.ndarray

    def read(self, rows: np.ndarray) -> np.ndarray: ...


def read_padded(store: Rows, rows: np.ndarray) -> np.ndarray:
    """Features [n,T,…] of ``rows``; seconds past a clip's last valid one repeat it (the field's rule, facts/datasets.md 2.2)."""
    features = store.read(rows)
    seconds = features.shape[1]
    valid = np.clip(np.asarray(store.valid)[rows], 1, seconds)
    if (valid == seconds).all():
        return features
    source = np.minimum(np.arange(seconds), valid[:, None] - 1)
    return features[np.arange(len(rows))[:, None], source]


def word_mask(store: Rows, rows: np.ndarray, words: int) -> np.ndarray:
    """Bool [n,L], True at words."""
    return np.arange(words) < np.asarray(store.valid)[rows][:, None]


@dataclass(frozen=True)
class PairedFeatures:
    """Stores of the three modalities and, per training clip, its row in each.

    Attributes:
        clips: int [N] rows of the audio and video stores.
        sentences: int [N] rows of the text store.
    """

    audio: Rows
    video: Rows
    text: Rows
    clips: np.ndarray
    sentences: np.ndarray
    device: torch.device
    standardise: Standardiser = field(default_factory=Standardiser)

    def __len__(self) -> int:
        return len(self.clips)

    def batch(self, positions: np.ndarray) -> Batch:
        """Clips at ``positions`` (into ``clips``) as float32 tensors on the device."""
        rows, sentences = self.clips[positions], self.sentences[positions]
        text = self.text.read(sentences)
        audio = self._tensor(self.standardise("audio", read_padded(self.audio, rows)))
        video = self._tensor(self.standardise("video", read_padded(self.video, rows)))
        mask = torch.from_numpy(word_mask(self.text, sentences, text.shape[1])).to(self.device)
        return Batch(audio=audio, video=video, text=self._tensor(self.standardise("text", text)), text_mask=mask)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device, torch.float32)

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """Every clip once, in row order."""
        for start in range(0, len(self), batch_size):
            yield self.batch(np.arange(start, min(start + batch_size, len(self))))


def epoch_order(clips: int, seed: int, epoch: int) -> np.ndarray:
    """The permutation of an epoch; a function of seed and epoch alone, so that resuming needs no generator state."""
    return np.random.default_rng([seed, epoch]).permutation(clips)
