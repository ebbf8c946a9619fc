"""VGGish embeddings, one vector per second of sound (hop 1.0 s, window 0.96 s).

Letters: B clips, T seconds, C 128 channels.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from cmg.extract.contract import Batch, Task
from cmg.extract.logmel import NEEDED, RATE, example
from cmg.extract.recipes import RecipeError, require
from cmg.extract.vggish_net import CHANNELS, FULL, FULL_HIDDEN, MINI, MINI_HIDDEN, VGGish, random_vggish
from cmg.extract.weights import WeightsError, digest, load_state, resolve
from cmg.media.audio import AudioTask, decode_audio, to_16k
from cmg.media.failure import MediaFailure
from cmg.media.source import Decoded, Source
from cmg.media.window import Window

decode = decode_audio


@dataclass(frozen=True)
class Recipe:
    """What makes the numbers.

    weights: `audioset` (official) or `random`; seed, widths (of the six convolutions) and hidden (of the dense layers)
    concern `random` only. seconds: T.
    output: `relu` (128 non-negative values, official), `linear` (before the last ReLU) or `pca` (PCA and 8 bits,
    0-255).
    short_second: a last second with fewer than 15,600 samples at 16 kHz repeats the vector before it (`repeat`, as the
    released features do) or is filled with silence (`pad`). dtype: of the stored values.
    """

    weights: str = "audioset"
    seconds: int = 10
    output: str = "relu"
    short_second: str = "repeat"
    precision: str = "float32"
    dtype: str = "float32"
    seed: int = 0
    widths: tuple[int, ...] | None = None
    hidden: int | None = None

    def __post_init__(self) -> None:
        require(self.weights, ("audioset", "random"), "audio weights")
        require(self.output, ("relu", "linear", "pca"), "audio output")
        require(self.short_second, ("repeat", "pad"), "audio short_second")
        require(self.precision, ("float32", "bfloat16"), "audio precision")
        require(self.dtype, ("float16", "float32"), "audio dtype")
        widths, hidden = self.sizes
        object.__setattr__(self, "widths", widths)
        object.__setattr__(self, "hidden", hidden)
        if self.seconds < 1 or hidden < 1 or len(widths) != len(FULL) or min(widths) < 1:
            raise RecipeError(
                f"audio: expected positive seconds, hidden and six widths; found {self.seconds}, {hidden}, {widths}"
            )
        if self.weights != "random" and (widths, hidden) != (FULL, FULL_HIDDEN):
            raise RecipeError(
                f"audio: trained weights have widths {FULL} and hidden {FULL_HIDDEN}; found {widths}, {hidden}"
            )
        if self.weights == "random" and self.output == "pca":
            raise RecipeError("audio output 'pca' needs the trained PCA parameters; random weights have none")

    @property
    def sizes(self) -> tuple[tuple[int, ...], int]:
        """Widths and hidden: as given, or those that go with the weights."""
        random = self.weights == "random"
        widths = (MINI if random else FULL) if self.widths is None else self.widths
        return widths, (MINI_HIDDEN if random else FULL_HIDDEN) if self.hidden is None else self.hidden

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one clip's features: [T, 128]."""
        return (self.seconds, CHANNELS)

    def describe(self) -> dict[str, Any]:
        """Everything that makes the numbers, for the store's attributes."""
        return {
            **asdict(self),
            "widths": list(self.sizes[0]),
            "network": "vggish, one 0.96 s example at the start of every 1.0 s",
            "time": "the file's time line, silence where a stream has no sound",
            "input": "channels averaged, torchaudio sinc resampling to 16 kHz, "
            "log-mel 96x64 (125-7500 Hz, log offset 0.01)",
        }


def tasks(clips: Sequence[Any], root: Path, recipe: Recipe) -> list[Task]:
    """One task per usable clip; a clip without a sound file is a `no_audio` failure."""
    return [Task(clip.row, _spec(clip, root, recipe)) for clip in clips]


def _spec(clip: Any, root: Path, recipe: Recipe) -> AudioTask | MediaFailure:
    if clip.audio is None:
        return MediaFailure("no_audio", "the index names no sound file for this clip")
    window = Window(clip.start, clip.duration, seconds=recipe.seconds, source_start=clip.source_start)
    return AudioTask(Source(str(root), clip.audio, clip.audio_fingerprint), window)


class Network:
    """Samples of up to `batch` clips → features `[clips, T, 128]`; seconds beyond the valid ones are zero."""

    batch = 4

    def __init__(self, recipe: Recipe, weights_dir: Path, device: torch.device) -> None:
        """Raises WeightsError when the recipe's weights are absent or not the expected ones."""
        self.recipe, self.device = recipe, device
        network = random_vggish(recipe.seed, *recipe.sizes) if recipe.weights == "random" else _trained(weights_dir)
        self.pca = _pca(weights_dir) if recipe.output == "pca" else {}
        self.digest = digest({**network.state_dict(), **self.pca})
        self.precision = getattr(torch, recipe.precision)
        self.network = network.eval().requires_grad_(False).to(device=device, dtype=self.precision)
        self.pca = {name: value.to(device) for name, value in self.pca.items()}

    @torch.inference_mode()
    def __call__(self, items: Sequence[tuple[int, Decoded]]) -> Batch:
        recipe = self.recipe
        sound = torch.zeros(self.batch, recipe.seconds, RATE, device=self.device)
        for place, clip in items:
            samples = to_16k(torch.from_numpy(clip.array).to(self.device), clip.rate)[: recipe.seconds * RATE]
            sound[place].view(-1)[: len(samples)] = samples
        vectors = self.embed(example(sound.flatten(0, 1))).unflatten(0, (self.batch, recipe.seconds))
        clips = [self._clip(vectors[place], clip) for place, clip in items]
        valid = [min(clip.valid, recipe.seconds) for _, clip in items]
        return Batch(torch.stack(clips).to(getattr(torch, recipe.dtype)), valid)

    def embed(self, examples: torch.Tensor) -> torch.Tensor:
        """Examples `[n, 96, 64]` → float32 `[n, 128]` as the recipe's `output` says."""
        vectors = self.network(examples.to(self.precision)).float()
        if self.recipe.output == "linear":
            return vectors
        vectors = vectors.relu()
        return _post_process(vectors, self.pca) if self.recipe.output == "pca" else vectors

    def _clip(self, vectors: torch.Tensor, clip: Decoded) -> torch.Tensor:
        """Vectors `[T, 128]` with the short-second rule applied and zeros after the valid seconds."""
        kept = torch.zeros_like(vectors)
        valid = min(clip.valid, self.recipe.seconds)
        kept[:valid] = vectors[:valid]
        length = round(len(clip.array) / clip.rate * RATE)
        if self.recipe.short_second == "repeat" and valid > 1 and length - (valid - 1) * RATE < NEEDED:
            kept[valid - 1] = vectors[valid - 2]
        return kept


def _post_process(vectors: torch.Tensor, pca: dict[str, torch.Tensor]) -> torch.Tensor:
    """PCA, clipped to ±2, in whole levels 0-255 (rounded, as torchvggish does)."""
    projected = (vectors - pca["pca_means"].flatten()) @ pca["pca_eigen_vectors"].T
    return ((projected.clamp(-2.0, 2.0) + 2.0) * (255.0 / 4.0)).round()


def _trained(weights_dir: Path) -> VGGish:
    network = VGGish()
    network.load_state_dict(load_state(resolve("audioset", weights_dir)))
    return network


def _pca(weights_dir: Path) -> dict[str, torch.Tensor]:
    path = resolve("audioset_pca", weights_dir)
    state = load_state(path)
    if set(state) != {"pca_eigen_vectors", "pca_means"}:
        raise WeightsError(f"{path}: expected pca_eigen_vectors and pca_means, found {', '.join(sorted(state))}")
    return state
