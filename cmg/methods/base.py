"""What every method is: a module with a loss, an encoder of one modality, and codebooks.

Axes: B clips, T seconds, L words, H W 7x7 positions, C channels, D code dimension, K codes, G codebooks.

A training step, as the trainer runs it::

    draws = method.draw(generator, batch.size, batch.seconds)   # every random draw of the step except dropout
    terms = method.loss(batch, draws, fit)                      # `fit` trains the variational nets inside the step
    terms.total.backward()
    # clip every group of method.clip_groups(), step the optimiser of method.main_parameters()

Dropout uses torch's global generator, which the trainer seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from torch import Tensor, nn

MODALITIES = ("audio", "video", "text")


def modalities_of(initials: str) -> tuple[str, ...]:
    """The modalities with these initials ("avt": all), in the order of `MODALITIES`."""
    return tuple(m for m in MODALITIES if m[0] in initials)


Fit = Callable[[Callable[[], Tensor]], None]
"""`fit(closure)` runs `method.inner_steps` times: zero the gradients of `variational_parameters()`, `closure().backward()`, step."""


@dataclass(frozen=True)
class Batch:
    """Features of B paired clips.

    audio [B,T,128], video [B,T,7,7,512], text [B,L,768] (word vectors, zero padded), text_mask [B,L] bool, True at words, which come first.
    text_lengths [B] int64, on the CPU whatever the device: words of each sentence; left out, what needs them waits for the device.
    """

    audio: Tensor
    video: Tensor
    text: Tensor
    text_mask: Tensor
    text_lengths: Tensor | None = None

    @property
    def size(self) -> int:
        """B, clips of this process."""
        return self.audio.shape[0]

    @property
    def seconds(self) -> int:
        """T, seconds of every clip."""
        return self.audio.shape[1]

    @property
    def device(self) -> torch.device:
        """Where the features are."""
        return self.audio.device

    def to(self, *args, **kwargs) -> Batch:
        """Move every tensor but the lengths; a dtype applies to the features and leaves the mask boolean."""
        moved = {f.name: getattr(self, f.name).to(*args, **kwargs) for f in fields(self) if f.name != "text_lengths"}
        return replace(self, **{**moved, "text_mask": moved["text_mask"].bool()})


@dataclass(frozen=True)
class Draws:
    """The random draws of one step. All are made on the CPU, so that a GPU run draws the same.

    permutations: net name -> int64 permutation of the clips whose specific features serve as CLUB negatives.
    cpc_step: last second of the CPC context, 0-based, the same for every modality.
    reset: [K] float64 uniform in [0,1); entry k picks what a dead code k is copied from.
    noise: [K,D] added to a dead code where the method's reset has noise.
    masks: name -> [B,T] bool, True at the seconds that a masked loss keeps.
    choices: name -> int64, any other choice among a few; these stay on the CPU.
    progress: no draw, but the share of training that is done, for schedules: in [0,1) as the trainer sets it, 1 where nobody does.
    """

    permutations: Mapping[str, Tensor] = field(default_factory=dict)
    cpc_step: int = 0
    reset: Tensor | None = None
    noise: Tensor | None = None
    masks: Mapping[str, Tensor] = field(default_factory=dict)
    choices: Mapping[str, Tensor] = field(default_factory=dict)
    progress: float = 1.0

    def to(self, device: torch.device | str) -> Draws:
        """What is used on the device sent there, without waiting for it."""

        def sent(x: Tensor | None) -> Tensor | None:
            return x if x is None else x.to(device, non_blocking=True)

        permutations, masks = ({name: sent(x) for name, x in each.items()} for each in (self.permutations, self.masks))
        return replace(self, permutations=permutations, masks=masks, reset=sent(self.reset), noise=sent(self.noise))


def draw_mask(generator: torch.Generator, clips: int, seconds: int, ratio: float) -> Tensor:
    """[B,T] bool, each False with probability `ratio`."""
    return torch.rand(clips, seconds, generator=generator) >= ratio


def draw(
    generator: torch.Generator,
    permutations: Mapping[str, int],
    cpc_steps: tuple[int, int],
    codes: int,
) -> Draws:
    """Draw one step's numbers from a CPU generator.

    permutations: net name -> number of rows to permute, drawn in this order; cpc_steps: inclusive range of the CPC step;
    codes: K, the number of uniform draws for dead codes. Raises ValueError on an empty range.
    """
    low, high = cpc_steps
    if high < low:
        raise ValueError(
            f"CPC needs a context and a target: no second lies in [{low}, {high}]; use clips with more seconds or a shorter horizon"
        )
    permuted = {name: torch.randperm(rows, generator=generator) for name, rows in permutations.items()}
    step = int(torch.randint(low, high + 1, (), generator=generator))
    return Draws(permuted, step, torch.rand(codes, dtype=torch.float64, generator=generator))


@dataclass(frozen=True)
class LossTerms:
    """Named scalar losses, in the order in which they are summed, and detached monitors that are not part of the sum."""

    terms: dict[str, Tensor]
    monitors: dict[str, Tensor] = field(default_factory=dict)

    @property
    def total(self) -> Tensor:
        """Sum of the terms in their order, []."""
        return torch.stack([term.reshape(()) for term in self.terms.values()]).sum()


@dataclass(frozen=True)
class Codes:
    """What `encode` returns: `indices` [B,T,G] int64 into `codebooks()`, or `vectors` [B,T,D] where a method has no codebook."""

    indices: Tensor | None = None
    vectors: Tensor | None = None

    def __post_init__(self) -> None:
        if (self.indices is None) == (self.vectors is None):
            raise ValueError("codes are either indices or vectors: expected exactly one of the two")


class Method(nn.Module):
    """Base of all methods. A subclass reads top to bottom: configuration, modules, `loss`, `encode`."""

    modalities: tuple[str, ...] = MODALITIES
    inner_steps: int = 5
    aligned: tuple[str, ...] = ()  # modalities whose codes stand side by side in a row of the codebook; none where all share a codebook

    def loss(self, batch: Any, draws: Draws, fit: Fit) -> LossTerms:
        """One training forward: encoders and codebook update, then `fit(closure)`, then the remaining terms.

        batch: a `Batch`; another kind of data has a batch of its own with the same size, seconds, device and `to` (`cmg.methods.vqvae`).
        """
        raise TypeError(f"{type(self).__name__} does not define loss(batch, draws, fit)")

    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None) -> Codes:
        """Codes of one modality alone: features as in `Batch`; `mask` [B,L] for text. Changes no state."""
        raise TypeError(f"{type(self).__name__} does not define encode(modality, features, mask)")

    def codebooks(self) -> list[Tensor]:
        """G codebooks, each [K,D]."""
        raise TypeError(f"{type(self).__name__} does not define codebooks()")

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """The draws of one step; a method that needs none keeps this."""
        return Draws()

    def variational_modules(self) -> Iterable[nn.Module]:
        """Modules trained inside the step (CLUB nets)."""
        return ()

    def variational_parameters(self) -> list[nn.Parameter]:
        """Parameters of `variational_modules`, which the optimiser inside the step moves."""
        return [p for module in self.variational_modules() for p in module.parameters()]

    def main_parameters(self) -> list[nn.Parameter]:
        """Every trainable parameter that is not variational."""
        inner = {id(p) for p in self.variational_parameters()}
        return [p for p in self.parameters() if p.requires_grad and id(p) not in inner]

    def clip_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters whose joint gradient norm is clipped, group by group; one group unless a method says otherwise."""
        return {"main": self.main_parameters()}

    def health(self) -> dict[str, float]:
        """Codebook health since the last call, by name: see `cmg.quantizers.codebook.health`; empty where nothing was quantised.

        The trainer asks after every epoch and after `finish`.
        """
        return {}

    def finish(self, batches: Iterable[Any]) -> None:
        """Called once after the last step with the training features, in order; most methods do nothing here."""
