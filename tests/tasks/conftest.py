"""A small world of four datasets whose codes are drawn, not encoded: every concept owns some codes, in both
modalities."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from cmg.datasets.clips import Clip, Event
from cmg.tasks.codes import RunCodes, StoredCodes
from cmg.tasks.settings import EvaluateOptions

CONCEPTS = {  # concept -> label in (ave, avvp, ucf101, vggsound_avel)
    "dog": ("Bark", "Dog", "Basketball", "basketball bounce"),
    "helicopter": ("Helicopter", "Helicopter", "Typing", "typing on typewriter"),
    "cat": ("Cat", "Cat", "Skiing", "skiing"),
    "flute": ("Flute", "Singing", "PlayingFlute", "playing flute"),
}
DATASETS = ("ave", "avvp", "ucf101", "vggsound_avel")
OWN, DIMS = 5, 24
BACKGROUND = np.arange(len(CONCEPTS) * OWN, len(CONCEPTS) * OWN + 8)
FAST = EvaluateOptions(epochs=80, learning_rate=0.03, q_grid=(0.25, 0.5), q_fixed=0.5)


@dataclass
class World:
    indices: dict[str, list[Clip]]
    codes: RunCodes

    def recode(self, dataset: str, modality: str, change) -> RunCodes:
        """The codes with one entry's index array passed through `change`."""
        entries = dict(self.codes.entries)
        old = entries[dataset, modality]
        entries[dataset, modality] = replace(old, indices=change(old.indices.copy()))
        return RunCodes(self.codes.codebooks, entries)


def identity(dataset: str, split: str, number: int, label: str) -> str:
    if dataset == "ucf101":
        return f"v_{label}_g{(1 if split == 'test' else 8) + number // 4 % 7:02}_c{number // 28 + 1:02}"
    name = f"{dataset[:4]}{split}{number}".ljust(11, "x")[:11]
    return name + "_30_40" if dataset == "avvp" else name


def make_clip(rng, dataset: str, split: str, number: int) -> tuple[Clip, dict[str, np.ndarray]]:
    """A clip and its concept per second (-1 background) in each modality; AVVP's two modalities differ in timing."""
    concept = number % len(CONCEPTS)
    label = list(CONCEPTS.values())[concept][DATASETS.index(dataset)]
    truth, events = {}, []
    for modality in ("audio", "visual"):
        onset, length = rng.integers(0, 6), rng.integers(2, 5)
        span = (onset, onset + length) if dataset == "avvp" else (2, 8) if dataset == "ave" else (0, 10)
        truth[modality] = np.where((np.arange(10) >= span[0]) & (np.arange(10) < span[1]), concept, -1)
        events.append(Event(label, float(span[0]), float(span[1]), modality))
    if dataset != "avvp" or split == "train":
        events = [replace(events[0], modality="visual" if dataset == "ucf101" else "av")]
    return Clip(0, identity(dataset, split, number, label), split=split, events=tuple(events)), truth


def draw_codes(rng, concept: np.ndarray) -> np.ndarray:
    own = concept * OWN + rng.integers(0, OWN, concept.shape)
    return np.where(concept >= 0, own, rng.choice(BACKGROUND, concept.shape))[..., None].astype(np.int32)


@pytest.fixture(scope="session")
def world() -> World:
    rng = np.random.default_rng(5)
    centre = np.minimum(np.arange(BACKGROUND[-1] + 1) // OWN, len(CONCEPTS))
    book = (rng.normal(size=(len(CONCEPTS) + 1, DIMS))[centre] + 0.3 * rng.normal(size=(len(centre), DIMS))).astype(
        np.float32
    )
    sizes = {"train": 56, "val": 28, "test": 28}
    indices, entries = {}, {}
    for dataset in DATASETS:
        pairs = [
            make_clip(rng, dataset, s, n)
            for s, size in sizes.items()
            for n in range(size)
            if (dataset, s) != ("ucf101", "val")
        ]
        indices[dataset] = [replace(clip, row=row) for row, (clip, _) in enumerate(pairs)]
        for modality, name in (("audio", "audio"), ("video", "visual")):
            codes = draw_codes(rng, np.stack([truth[name] for _, truth in pairs]))
            entries[dataset, modality] = StoredCodes(np.full(len(pairs), 10, np.int32), codes)
    return World(indices, RunCodes([book], entries))


@pytest.fixture(scope="session")
def fast() -> EvaluateOptions:
    return FAST
