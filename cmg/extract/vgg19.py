"""VGG-19 pool5 maps, one per second: torchvision's architecture, the weights and input convention of the recipe.

Letters: B clips, T seconds, F frames per second, H W 7x7 positions, C 512 channels.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torchvision.models.vgg import make_layers

from cmg.extract.calibrate import NARROW, OPEN, block_images, calibrate, fill_normal
from cmg.extract.contract import Batch, Task
from cmg.extract.recipes import RecipeError, require
from cmg.extract.resize import resize
from cmg.extract.visual import video_task
from cmg.extract.weights import digest, load_state, resolve
from cmg.media.grid import GRIDS, LENGTHS
from cmg.media.source import Decoded
from cmg.media.video import decode_video
from cmg.media.window import Window

SIZE, SIDE, CHANNELS = 224, 7, 512
CONVS = (2, 2, 4, 4, 4)  # convolutions per block
FULL = (64, 128, 256, 512, 512)
MINI = (8, 16, 32, 64, 128)  # default of random weights; the very last convolution always has 512 channels
CALIBRATION_IMAGES = 8
SELECTIVE = 1  # first convolutions with full random kernels
FRAMES_PER_FORWARD = {"cpu": 32, "cuda": 160}
CAFFE_BGR_MEAN = (103.939, 116.779, 123.68)
TORCHVISION_RGB_MEAN, TORCHVISION_RGB_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

decode = decode_video


@dataclass(frozen=True)
class Recipe:
    """What makes the numbers. Two recipes that are equal give the same features.

    weights: `caffe` (official), `torchvision` or `random`; seed and widths (channels of the five blocks) concern
    `random` only.
    frames_per_second: F, 16 official; seconds: T.
    grid: `official`, `timestamp` or `count`; length: `nominal` or `stretch` (`cmg.media.grid`).
    precision: of the network, `float32` or `bfloat16`; dtype: of the stored values.
    """

    weights: str = "caffe"
    frames_per_second: int = 16
    seconds: int = 10
    grid: str = "official"
    length: str = "nominal"
    precision: str = "float32"
    dtype: str = "float16"
    seed: int = 0
    widths: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        require(self.weights, ("caffe", "torchvision", "random"), "video weights")
        require(self.grid, GRIDS, "video grid")
        require(self.length, LENGTHS, "video length")
        require(self.precision, ("float32", "bfloat16"), "video precision")
        require(self.dtype, ("float16", "float32"), "video dtype")
        if self.frames_per_second < 1 or self.seconds < 1:
            raise RecipeError(
                "video: expected at least one frame per second and one second, "
                f"found {self.frames_per_second}, {self.seconds}"
            )
        widths = self.channels
        object.__setattr__(self, "widths", widths)
        if len(widths) != len(CONVS) or min(widths) < 1 or (self.weights != "random" and widths != FULL):
            raise RecipeError(
                f"video widths: expected five positive channel counts, {FULL} for trained weights; found {widths}"
            )

    @property
    def channels(self) -> tuple[int, ...]:
        """Widths as given, or those that go with the weights."""
        return (MINI if self.weights == "random" else FULL) if self.widths is None else self.widths

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one clip's features: [T, 7, 7, 512]."""
        return (self.seconds, SIDE, SIDE, CHANNELS)

    def describe(self) -> dict[str, Any]:
        """Everything that makes the numbers, for the store's attributes."""
        rgb = self.weights == "torchvision"
        return {
            **asdict(self),
            "widths": list(self.channels),
            "network": "vgg19 pool5 after ReLU, channels last, mean over the frames of a second",
            "frames": "as decoded in sequence, turned as the header says; "
            "grid official: by time stamps where unevenly spaced",
            "resize": "224x224 bilinear without antialias, aspect not kept, rounded to whole grey levels",
            "input": "RGB, 0-1, mean and std" if rgb else "BGR, 0-255, mean subtracted, no scaling",
        }


def tasks(clips: Sequence[Any], root: Path, recipe: Recipe) -> list[Task]:
    """One task per usable clip; a clip without a visual file is a `no_video` failure."""
    return [Task(clip.row, video_task(clip, root, _window(clip, recipe))) for clip in clips]


def _window(clip: Any, recipe: Recipe) -> Window:
    sampling = (recipe.frames_per_second, recipe.seconds, recipe.grid, recipe.length)
    return Window(clip.start, clip.duration, *sampling, clip.source_start)


def layers(widths: Sequence[int]) -> nn.Sequential:
    """The convolutional part with these block widths; parameters are named as in torchvision's `vgg19().features`."""
    plan: list[int | str] = []
    for count, width in zip(CONVS, widths, strict=True):
        plan += [width] * count + ["M"]
    plan[-2] = CHANNELS
    return make_layers(plan)


def random_layers(seed: int, widths: Sequence[int]) -> nn.Sequential:
    """Seeded random weights, calibrated on images made from the seed; unit variance before every ReLU.

    The first convolution responds to colour and edges (full kernels, zero mean), those between pass on and mix channels
    (narrow kernels, open), the last one selects (zero mean).
    """
    generator = np.random.default_rng([seed, 19])
    images = torch.from_numpy(block_images(CALIBRATION_IMAGES, SIZE, generator))
    network = layers(widths)
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    values = normalise(images.permute(0, 3, 1, 2).float(), "random").double()
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, nn.Conv2d):
                fill_normal(layer, generator, spread=1.0 if layer in convolutions[:SELECTIVE] else NARROW)
                values = calibrate(layer, values, mean=OPEN if layer in convolutions[SELECTIVE:-1] else 0.0)
            else:
                values = layer(values)
    return network


def normalise(frames: torch.Tensor, weights: str) -> torch.Tensor:
    """RGB float32 `[n, 3, h, w]` in 0..255 → the network's input.

    Caffe (and random): channels reversed to BGR, means subtracted, not scaled. torchvision: RGB, 0..1, mean and
    standard deviation.
    """
    if weights == "torchvision":
        mean, std = (
            torch.tensor(value, device=frames.device)[:, None, None]
            for value in (TORCHVISION_RGB_MEAN, TORCHVISION_RGB_STD)
        )
        return (frames / 255.0 - mean) / std
    return frames.flip(1) - torch.tensor(CAFFE_BGR_MEAN, device=frames.device)[:, None, None]


class Network:
    """Frames of one clip → float32 or float16 features `[1, T, 7, 7, 512]`; seconds beyond the valid ones are zero."""

    batch = 1

    def __init__(self, recipe: Recipe, weights_dir: Path, device: torch.device) -> None:
        """Raises WeightsError when the recipe's weights are absent or not the expected ones."""
        self.recipe, self.device = recipe, device
        network = (
            random_layers(recipe.seed, recipe.channels)
            if recipe.weights == "random"
            else _trained(recipe.weights, weights_dir)
        )
        self.digest = digest(network.state_dict())
        self.precision = getattr(torch, recipe.precision)
        network = network.eval().requires_grad_(False)
        placed = network.to(device=device, dtype=self.precision, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.layers: nn.Sequential = placed  # torch declares no `to` with a memory format

    @torch.inference_mode()
    def __call__(self, items: Sequence[tuple[int, Decoded]]) -> Batch:
        [(_, clip)] = items
        recipe = self.recipe
        seconds = min(clip.valid, recipe.seconds)
        frames = torch.from_numpy(clip.array)
        per_second = len(frames) // clip.valid
        out = torch.zeros(1, *recipe.shape, dtype=getattr(torch, recipe.dtype), device=self.device)
        step = max(1, FRAMES_PER_FORWARD[self.device.type] // per_second)
        for first in range(0, seconds, step):
            last = min(first + step, seconds)
            maps = self.maps(frames[first * per_second : last * per_second])
            out[0, first:last] = maps.unflatten(0, (last - first, per_second)).mean(1)
        return Batch(out, [seconds])

    def maps(self, frames: torch.Tensor) -> torch.Tensor:
        """uint8 `[n, H, W, 3]` on any device → float32 `[n, 7, 7, 512]`, one map per frame."""
        inputs = normalise(resize(frames.to(self.device)), self.recipe.weights)
        inputs = inputs.to(dtype=self.precision, memory_format=torch.channels_last)
        return self.layers(inputs).permute(0, 2, 3, 1).float()


def _trained(weights: str, weights_dir: Path) -> nn.Sequential:
    state = load_state(resolve(weights, weights_dir))
    network = layers(FULL)
    network.load_state_dict(
        {name.removeprefix("features."): value for name, value in state.items() if name.startswith("features.")}
    )
    return network
