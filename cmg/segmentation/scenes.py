"""Frames with masks of what sounds (AVSBench-S4), for a head to learn from or to be scored on.

n clips, b clips of a batch, T seconds, S pixels a side.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from cmg.datasets.clips import Clip
from cmg.segmentation.errors import SegmentationError
from cmg.tasks.parts import sources, without

DATASET = "avsbench_s4"
SECONDS = 5
MASKED = {"train": 1, "val": SECONDS, "test": SECONDS}  # seconds that have a mask
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation per channel, of values in 0..1


class Store(Protocol):
    """What is asked of a store: its rows [n, ...], and the seconds of each row that hold something."""

    @property
    def valid(self) -> np.ndarray:
        """int [N]: seconds of each row."""

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Rows in the order asked for."""


@dataclass(frozen=True)
class Scenes:
    """Clips of one split, with masks in their first `masked` seconds. `pixels` [T,S,S,3] and `masks` [T,S,S] per row,
    both uint8.
    """

    clips: tuple[Clip, ...]
    pixels: Store
    masks: Store
    masked: int

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def labels(self) -> list[str]:
        """What sounds in each clip."""
        return [clip.events[0].label for clip in self.clips]

    def frames(self, chosen: np.ndarray, seconds: int = SECONDS) -> Tensor:
        """Frames of the first seconds of some of the clips, [b,T,3,S,S] float32, normalised as ImageNet's networks
        want them.
        """
        mean, deviation = (torch.tensor(values) for values in IMAGENET)
        shown = torch.from_numpy(self.images(chosen)[:, :seconds]) / 255
        return ((shown - mean) / deviation).permute(0, 1, 4, 2, 3)

    def images(self, chosen: np.ndarray) -> np.ndarray:
        """Frames as they are, uint8 [b,T,S,S,3]."""
        return self.pixels.read(self._rows(chosen))

    def truth(self, chosen: np.ndarray) -> np.ndarray:
        """Masks of the seconds that have one, bool [b,masked,S,S]."""
        return self.masks.read(self._rows(chosen))[:, : self.masked] > 0

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """Numbers of the clips in order, `size` at a time."""
        return (np.arange(start, min(start + size, len(self))) for start in range(0, len(self), size))

    def _rows(self, chosen: np.ndarray) -> np.ndarray:
        return np.array([self.clips[n].row for n in chosen], dtype=np.int64)


@dataclass(frozen=True)
class Splits:
    """Clips to fit on, to choose the epoch with, and to score. `side`: how many clips were left out, and why."""

    fit: Scenes
    val: Scenes
    test: Scenes
    side: Mapping[str, int]


def split(
    clips: Sequence[Clip],
    pixels: Store,
    masks: Store,
    usable: Callable[[Clip], bool] = lambda clip: True,
    pretrained: AbstractSet[str] = frozenset(),
    strict: bool = True,
) -> Splits:
    """The three parts of the index.

    A clip needs five frames, the masks of its split, and what `usable` asks. Under `strict` the video of a test clip
    is none that a method was pretrained on (`pretrained`), and none that is fitted on or chosen with; nor is a
    validation clip's fitted on.

    Raises SegmentationError where a part is left empty.
    """
    found: dict[str, Scenes] = {}
    side: dict[str, int] = {}
    for name in ("test", "val", "train"):
        listed = [clip for clip in clips if clip.split == name]
        kept = [
            c for c in listed if pixels.valid[c.row] >= SECONDS and masks.valid[c.row] >= MASKED[name] and usable(c)
        ]
        taken = set().union(*(sources(scenes.clips, DATASET) for scenes in found.values())) or pretrained
        free = without(kept, DATASET, taken) if strict else kept
        if not free:
            raise SegmentationError(
                f"{DATASET}: of {len(listed)} {name} clips {len(kept)} can be used and none is left; "
                "see its problems and failures"
            )
        found[name] = Scenes(tuple(free), pixels, masks, MASKED[name])
        side |= {f"n_unusable_{name}": len(listed) - len(kept), f"n_left_out_{name}": len(kept) - len(free)}
    return Splits(found["train"], found["val"], found["test"], side)
