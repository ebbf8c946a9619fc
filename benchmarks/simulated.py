"""Features with the statistics of the real ones, made without a data set: what a rehearsal trains on.

Second moments, zeros and means are the measured ones: video E[x^2] = 48.6, read off a public log of the released DCID
on 90K; sound E[x^2] = 0.49 before the last ReLU (the same log), mean 0.1222, deviation 0.2623, 65.3 % zeros and a dead
channel after it (AVE's released file); sentences of 7 to 11 words, one per class, in 10 slots, at BERT's scale. What no
source gives is chosen, in `SHARES`: how much of a feature its class, clip, second, place and noise explain. With these
a linear probe on the raw features names 28 classes on unseen clips about as well as the papers' same-modality bounds
(65 to 85 %; `tests/benchmarks/test_simulated.py` holds all of this).

A class shows in both modalities during one event of 4 to 10 seconds; nothing else is shared between sound and picture.

Axes: B clips, T seconds, P 7x7 places, C channels, F factors, L words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from cmg.methods.types import Batch

SECONDS, SLOTS, SIDE = 10, 10, 7
CHANNELS = {"video": 512, "audio": 128, "text": 768}
FACTORS = {"video": 64, "audio": 32}
SHARES = {  # of the variance before the ReLU; the rest is noise of its own in every number
    "video": {"class": 0.12, "clip": 0.35, "second": 0.05, "place": 0.25},
    "audio": {"class": 0.30, "clip": 0.35, "second": 0.15},
}
ACTIVE = {"video": 0.30, "audio": 0.347}  # share of numbers above zero before the ReLU
SQUARES = {"video": 48.6, "before": 0.49, "after": 0.1222**2 + 0.2623**2, "text": 0.27}
WORDS = {"common": 0.40, "sentence": 0.25}  # shares of a word vector's energy; the rest is the word's own
CALIBRATION = 128  # clips that second moments are measured on
Audio = Literal["before", "after"]
"""Whether sound is taken before or after VGGish's last ReLU."""


@dataclass(frozen=True)
class Simulation:
    """A world of `classes`, each with one sentence; equal seeds give equal worlds."""

    classes: int = 28
    audio: Audio = "after"
    words: tuple[int, int] = (7, 11)  # least and most words of a sentence; the released vocabulary filter leaves 3 to 8
    seed: int = 0

    def clips(self, size: int, seed: int) -> tuple[Batch, Tensor]:
        """Clips that no other seed has, and their classes int64 [B]."""
        g = self._generator(seed)
        labels = torch.randint(self.classes, (size,), generator=g)
        return self._clips(labels, g), labels

    def clips_of(self, labels: Tensor, seed: int) -> Batch:
        """Clips of these classes, int64 [B], that no other seed has."""
        return self._clips(labels, self._generator(seed))

    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator().manual_seed(2**40 + self.seed * 2**32 + seed)

    def _clips(self, labels: Tensor, g: torch.Generator) -> Batch:
        event = _events(len(labels), g)
        sound = self._sound(labels, event, g)
        video = self._video(labels, event, g)
        words = self._sentences[1][labels]
        mask = torch.arange(SLOTS) < words.unsqueeze(1)
        return Batch(sound, video, self._sentences[0][labels], mask, words)

    def _video(self, labels: Tensor, event: Tensor, g: torch.Generator) -> Tensor:
        scale = self._scale["video"] * self._world["video"]["gain"]
        return _rectified("video", self._raw("video", labels, event, g)).mul_(scale).unflatten(2, (SIDE, SIDE))

    def _sound(self, labels: Tensor, event: Tensor, g: torch.Generator) -> Tensor:
        raw = self._raw("audio", labels, event, g).squeeze(2)
        x = _rectified("audio", raw) if self.audio == "after" else raw
        x[..., 0] = 0 if self.audio == "after" else x[..., 0]  # a channel of VGGish that never fires
        return x * self._scale[self.audio]

    def _raw(self, modality: str, labels: Tensor, event: Tensor, g: torch.Generator) -> Tensor:
        """[B,T,P,C] (sound: P = 1) before the ReLU: unit variance around the channels' thresholds."""
        world, shares, size = self._world[modality], SHARES[modality], len(labels)
        places = SIDE**2 if modality == "video" else 1

        def factors(*shape: int) -> Tensor:
            return torch.randn(*shape, FACTORS[modality], generator=g) @ world["factors"]

        where = torch.rand(size, 1, places, 1, generator=g).mul(2) if places > 1 else torch.ones(1)
        x = shares["class"] ** 0.5 * world["class"][labels][:, None, None] * event[:, :, None, None] * where
        x = x + shares["clip"] ** 0.5 * factors(size, 1, 1) + shares["second"] ** 0.5 * factors(size, SECONDS, 1)
        if places > 1:
            x = x + shares["place"] ** 0.5 * factors(size, 1, places)
        noise = torch.randn(size, SECONDS, places, CHANNELS[modality], generator=g)
        return noise.mul_((1 - sum(shares.values())) ** 0.5).add_(x).add_(world["threshold"])

    @cached_property
    def _world(self) -> dict[str, dict[str, Tensor]]:
        g = torch.Generator().manual_seed(self.seed)
        return {modality: self._modality(modality, g) for modality in FACTORS}

    def _modality(self, modality: str, g: torch.Generator) -> dict[str, Tensor]:
        channels, number = CHANNELS[modality], FACTORS[modality]
        factors = torch.randn(number, channels, generator=g) / number**0.5
        threshold = torch.distributions.Normal(0, 1).icdf(torch.tensor(ACTIVE[modality]))
        return {
            "factors": factors,
            "class": torch.randn(self.classes, number, generator=g) @ factors,
            "threshold": threshold * (1 + 0.3 * torch.randn(channels, generator=g)),
            "gain": (0.5 * torch.randn(channels, generator=g)).exp(),
        }

    @cached_property
    def _scale(self) -> dict[str, float]:
        """Factors that bring features to their second moments, measured on clips of their own."""
        g = torch.Generator().manual_seed(2**41 + self.seed)
        labels = torch.arange(CALIBRATION) % self.classes
        event = _events(CALIBRATION, g)
        raw = {modality: self._raw(modality, labels, event, g) for modality in FACTORS}
        found = {"before": raw["audio"].square().mean(), "after": _rectified("audio", raw["audio"]).square().mean()}
        found["video"] = (_rectified("video", raw["video"]) * self._world["video"]["gain"]).square().mean()
        return {name: (SQUARES[name] / square.item()) ** 0.5 for name, square in found.items()}

    @cached_property
    def _sentences(self) -> tuple[Tensor, Tensor]:
        """Word vectors [classes,L,768], zero behind the last word, and numbers of words. The first three words are in
        every sentence."""
        g = torch.Generator().manual_seed(2**42 + self.seed)
        words = torch.randint(self.words[0], self.words[1] + 1, (self.classes,), generator=g).clamp(max=SLOTS)
        common, vocabulary = (
            torch.randn(CHANNELS["text"], generator=g),
            torch.randn(4 * self.classes, CHANNELS["text"], generator=g),
        )
        chosen = torch.randint(3, len(vocabulary), (self.classes, SLOTS), generator=g)
        chosen[:, :3] = torch.arange(3)
        sentence = torch.randn(self.classes, 1, CHANNELS["text"], generator=g)
        own = (1 - sum(WORDS.values())) ** 0.5 * vocabulary[chosen]
        x = WORDS["common"] ** 0.5 * common + WORDS["sentence"] ** 0.5 * sentence + own
        mask = torch.arange(SLOTS) < words.unsqueeze(1)
        return SQUARES["text"] ** 0.5 * x * mask.unsqueeze(-1), words


def _rectified(modality: str, raw: Tensor) -> Tensor:
    """After the ReLU; video with the heavy tail of its channels."""
    x = raw.relu_()
    return x if modality == "audio" else x.mul_(x.sqrt())


def _events(size: int, g: torch.Generator) -> Tensor:
    """One event of 4 to 10 seconds per clip: [B,T], 1 within it."""
    length = torch.randint(4, SECONDS + 1, (size, 1), generator=g)
    onset = (torch.rand(size, 1, generator=g) * (SECONDS - length + 1)).long()
    second = torch.arange(SECONDS)
    return ((second >= onset) & (second < onset + length)).float()
