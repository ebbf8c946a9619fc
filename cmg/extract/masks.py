"""Object masks, where a dataset has them (AVSBench-S4): one per second where there is one, so a train clip has a single
valid second.

Letters: T seconds, S pixels a side.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import torch
import torch.nn.functional as F

from cmg.datasets.clips import Clip
from cmg.extract.contract import Batch, Task
from cmg.extract.recipes import PixelRecipe, RecipeError
from cmg.media.failure import MediaFailure
from cmg.media.image import load_mask, read_images
from cmg.media.source import Decoded, Source
from cmg.media.video import VideoTask
from cmg.media.window import Window


def decode(task: VideoTask) -> Decoded:
    """Masks of one clip at native size: uint8 `[seconds, H, W, 1]`. Raises MediaFailure."""
    task.source.open()
    try:
        return read_images(task.source.images(), task.window, load_mask)
    except MediaFailure as failure:
        raise MediaFailure(failure.kind, f"{task.source.path}: {failure.reason}") from failure


@dataclass(frozen=True)
class Recipe(PixelRecipe):
    """Values are 1 where the sounding object is."""

    seconds: int = 5

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one clip: [T, S, S]."""
        return (self.seconds, self.size, self.size)

    def describe(self) -> dict[str, Any]:
        """Everything that makes the numbers, for the store's attributes."""
        return {**asdict(self), "values": "1 where any channel of the mask is not 0", "resize": "nearest"}


def tasks(clips: Sequence[Clip], root: Path, recipe: Recipe) -> list[Task]:
    """One task per usable clip, as many seconds as its split has masks. Raises RecipeError for a dataset without
    masks."""
    return [Task(clip.row, _masks(clip, root, recipe)) for clip in clips]


def _masks(clip: Clip, root: Path, recipe: Recipe) -> VideoTask:
    folders = [parent for file in clip.files if (parent := str(PurePosixPath(file).parent)) != clip.visual]
    if not folders:
        raise RecipeError(
            f"clip {clip.clip_id!r}: the index names no masks beside {clip.visual}; "
            "of the datasets avsbench_s4 has some"
        )
    source = Source(str(root), folders[0], clip.visual_fingerprint, clip.files)
    return VideoTask(source, Window(frames_per_second=1, seconds=recipe.seconds))


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
        out[0, :seconds] = F.interpolate(covered[:, None].float(), (size, size), mode="nearest-exact")[:, 0].to(
            torch.uint8
        )
        return Batch(out, [seconds])
