"""Frames as they are, for tasks that need pixels: the first frame of every second at one size. No network.

Letters: T seconds, S pixels a side.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from cmg.extract.contract import Batch, Task
from cmg.extract.recipes import PixelRecipe
from cmg.extract.resize import antialiased
from cmg.extract.visual import video_task
from cmg.media.source import Decoded
from cmg.media.video import decode_video
from cmg.media.window import Window

decode = decode_video


@dataclass(frozen=True)
class Recipe(PixelRecipe):
    """Values are RGB."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one clip: [T, S, S, 3]."""
        return (self.seconds, self.size, self.size, 3)

    def describe(self) -> dict[str, Any]:
        """Everything that makes the numbers, for the store's attributes."""
        return {
            **asdict(self),
            "frames": "first of each second",
            "resize": "bilinear with antialias, aspect not kept, whole grey levels",
        }


def tasks(clips: Sequence[Any], root: Path, recipe: Recipe) -> list[Task]:
    """One task per usable clip; a clip without a visual file is a `no_video` failure."""
    return [Task(clip.row, video_task(clip, root, _window(clip, recipe))) for clip in clips]


def _window(clip: Any, recipe: Recipe) -> Window:
    return Window(
        clip.start, clip.duration, frames_per_second=1, seconds=recipe.seconds, source_start=clip.source_start
    )


class Network:
    """Frames of one clip → uint8 `[1, T, S, S, 3]`; seconds beyond the valid ones are zero."""

    batch = 1
    digest = ""

    def __init__(self, recipe: Recipe, weights_dir: Path, device: torch.device) -> None:
        self.recipe, self.device = recipe, device

    @torch.inference_mode()
    def __call__(self, items: Sequence[tuple[int, Decoded]]) -> Batch:
        [(_, clip)] = items
        seconds = min(clip.valid, self.recipe.seconds)
        frames = torch.from_numpy(clip.array[:seconds]).to(self.device)
        out = torch.zeros(1, *self.recipe.shape, dtype=torch.uint8, device=self.device)
        out[0, :seconds] = antialiased(frames, self.recipe.size).permute(0, 2, 3, 1).to(torch.uint8)
        return Batch(out, [seconds])
