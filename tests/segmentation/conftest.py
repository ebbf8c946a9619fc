"""A small world: frames with a sounding and a silent square side by side, a colour per class, and codes that name the
class.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from cmg.datasets.clips import Clip, Event
from cmg.segmentation.heads import HeadOptions
from cmg.segmentation.scenes import DATASET, Splits, split
from cmg.tasks.codes import RunCodes, StoredCodes

COLOURS = {"bell": (220, 40, 40), "cat": (40, 200, 60), "drum": (50, 80, 230)}
CLASSES, SIDE, SECONDS = tuple(COLOURS), 16, 5
COUNTS = {"train": 48, "val": 6, "test": 18}
FAST = HeadOptions(epochs=10, batch_size=8, learning_rate=1e-2, check_every=5)


class ArrayStore:
    """What is asked of a feature store, over arrays."""

    def __init__(self, values: np.ndarray, valid: np.ndarray) -> None:
        self.values, self.valid = values, valid

    def read(self, rows: np.ndarray) -> np.ndarray:
        return self.values[np.asarray(rows)]


@dataclass
class World:
    clips: list[Clip]
    pixels: ArrayStore
    masks: ArrayStore
    codes: RunCodes

    def splits(self, **options: object) -> Splits:
        return split(self.clips, self.pixels, self.masks, **options)


def drawn(rng: np.random.Generator, sounding: int, silent: int, masked: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames [5,16,16,3] and masks [5,16,16] of which the first `masked` are given."""
    frames = rng.integers(90, 130, (SECONDS, SIDE, SIDE, 3), dtype=np.uint8)
    masks = np.zeros((SECONDS, SIDE, SIDE), np.uint8)
    places = rng.permutation([0, SIDE // 2])
    for place, number in zip(places, (sounding, silent), strict=True):
        top, left, size = rng.integers(0, 8), place + rng.integers(0, 2), rng.integers(5, 7)
        frames[:, top : top + size, left : left + size] = COLOURS[CLASSES[number]]
        if number == sounding:
            masks[:masked, top : top + size, left : left + size] = 1
    return frames, masks


def make_world(seed: int = 0, agreeing: bool = True) -> World:
    """agreeing: whether sounds and sentences of a class have one code; otherwise sentences have that of the next
    class.
    """
    rng, clips, pictures, masks = np.random.default_rng(seed), [], [], []
    for name, count in COUNTS.items():
        for number in range(count):
            sounding = number % len(CLASSES)
            silent = (sounding + 1 + number // len(CLASSES) % 2) % len(CLASSES)
            event = Event(CLASSES[sounding], 0.0, 5.0, "av")
            clips.append(
                Clip(len(clips), f"{name}{number}", split=name, events=(event,), captions=(f"a {event.label}",))
            )
            frames, mask = drawn(rng, sounding, silent, 1 if name == "train" else SECONDS)
            pictures.append(frames)
            masks.append(mask)
    five = np.full(len(clips), SECONDS, np.int32)
    valid = np.array([1 if clip.split == "train" else SECONDS for clip in clips], np.int32)
    heard = np.array([CLASSES.index(clip.events[0].label) for clip in clips])
    sentences = (np.arange(len(CLASSES)) + (0 if agreeing else 1)) % len(CLASSES)
    entries = {
        (DATASET, "audio"): StoredCodes(five, np.repeat(heard[:, None, None], SECONDS, axis=1).astype(np.int32)),
        (DATASET, "text"): StoredCodes(np.full(len(CLASSES), 3, np.int32), sentences[:, None, None].astype(np.int32)),
    }
    codes = RunCodes([rng.normal(size=(len(CLASSES), 8)).astype(np.float32)], entries)
    return World(clips, ArrayStore(np.stack(pictures), five), ArrayStore(np.stack(masks), valid), codes)


@pytest.fixture(scope="session")
def world() -> World:
    torch.set_num_threads(1)
    return make_world()
