"""Object masks of AVSBench-S4: one per second where there is one, so a train clip has a single valid second.

Letters: T seconds, S pixels a side.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from cmg.datasets.avsbench_s4 import MASKS, check_clip, mask_folder
from cmg.datasets.clips import Clip
from cmg.datasets.listing import FileChanged
from cmg.extract.contract import Batch, Task
from cmg.extract.options import RecipeError
from cmg.media.failure import MediaFailure
from cmg.media.grid import Window
from cmg.media.source import Decoded, Source
from cmg.media.video import VideoTask, decode_video


@dataclass(frozen=True)
class Recipe:
    """What makes the numbers. size: S; seconds: T. Values are uint8, 1 where the sounding object is."""

    size: int = 224
    seconds: int = 5
    dtype: str = "uint8"

    def __post_init__(self) -> None:
        if self.size < 1 or self.seconds < 1 or self.dtype != "uint8":
            raise RecipeError(f"masks: expected positive size and seconds and dtype uint8, found {self.size}, {self.seconds}, {self.dtype}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one clip: [T, S, S]."""
        return (self.seconds, self.size, self.size)

    def describe(self) -> dict[str, Any]:
        """Everything that makes the numbers, for the store's attributes."""
        return {**asdict(self), "values": "1 where any channel of the mask is not 0", "resize": "nearest"}


@dataclass(frozen=True)
class MaskTask:
    """Everything a decoding process needs for one clip: dataset root, clip, most seconds."""

    root: str
    clip: Clip
    seconds: int


def tasks(clips: Sequence[Clip], root: Path, recipe: Recipe) -> list[Task]:
    """One task per usable clip. Raises RecipeError for a dataset without masks."""
    for clip in clips:
        if clip.visual is None or mask_folder(clip) == clip.visual:
            raise RecipeError(f"clip {clip.clip_id!r}: {clip.visual} is no folder of AVSBench-S4 frames; only that dataset has masks")
    return [Task(clip.row, MaskTask(str(root), clip, recipe.seconds)) for clip in clips]


def decode(task: MaskTask) -> Decoded:
    """Masks of one clip: uint8 `[seconds, H, W, 3]`, as many as its split has. Raises MediaFailure."""
    try:
        check_clip(Path(task.root), task.clip)
    except FileChanged as error:
        raise MediaFailure("changed", str(error)) from error
    seconds = min(task.seconds, MASKS[task.clip.split])
    return decode_video(VideoTask(Source(task.root, mask_folder(task.clip)), Window(frames_per_second=1, seconds=seconds)))


class Network:
    """Masks of one clip → uint8 `[1, T, S, S]`; seconds without a mask are zero and not valid."""

    batch = 1
    digest = ""

    def __init__(self, recipe: Recipe, weights_dir: Path, device: torch.device) -> None:
        self.recipe, self.device = recipe, device

    @torch.inference_mode()
    def __call__(self, items: Sequence[tuple[int, Decoded]]) -> Batch:
        [(_, clip)] = items
        seconds, size = min(clip.valid, self.recipe.seconds), self.recipe.size
        covered = (torch.from_numpy(clip.array[:seconds]).to(self.device) > 0).any(-1)
        out = torch.zeros(1, *self.recipe.shape, dtype=torch.uint8, device=self.device)
        out[0, :seconds] = F.interpolate(covered[:, None].float(), (size, size), mode="nearest-exact")[:, 0].to(torch.uint8)
        return Batch(out, [seconds])
