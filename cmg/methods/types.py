"""What goes into a training step of any method, and what comes out.

Axes: B clips, T seconds, L words, H W 7x7 positions, C channels, D code dimension, K codes, G codebooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace

import torch
from torch import Tensor

MODALITIES = ("audio", "video", "text")
EITHER = "codes are either indices or vectors: expected exactly one of the two"


def modalities_of(initials: str) -> tuple[str, ...]:
    """The modalities with these initials ("avt": all), in the order of `MODALITIES`."""
    return tuple(m for m in MODALITIES if m[0] in initials)


Fit = Callable[[Callable[[], Tensor]], None]
"""`fit(closure)` runs `method.inner_steps` times: zero the gradients of `variational_parameters()`,
`closure().backward()`, step."""


@dataclass(frozen=True)
class Batch:
    """Features of B paired clips.

    audio [B,T,128], video [B,T,7,7,512], text [B,L,768] (word vectors, zero padded), text_mask [B,L] bool, True at
    words, which come first. text_lengths [B] int64, on the CPU whatever the device: words of each sentence; left out,
    what needs them waits for the device.
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
    progress: no draw, but the share of training that is done, for schedules: in [0,1) as the trainer sets it, 1 where
    nobody does.
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

        def sent(x: Tensor) -> Tensor:
            return x.to(device, non_blocking=True)

        reset, noise = (None if x is None else sent(x) for x in (self.reset, self.noise))
        permutations, masks = ({name: sent(x) for name, x in each.items()} for each in (self.permutations, self.masks))
        return replace(self, permutations=permutations, masks=masks, reset=reset, noise=noise)


@dataclass(frozen=True)
class LossTerms:
    """Named scalar losses, in the order in which they are summed, and detached monitors that are not part of the
    sum."""

    terms: dict[str, Tensor]
    monitors: dict[str, Tensor] = field(default_factory=dict)

    @property
    def total(self) -> Tensor:
        """Sum of the terms in their order, []."""
        return torch.stack([term.reshape(()) for term in self.terms.values()]).sum()


@dataclass(frozen=True)
class Codes:
    """What `encode` returns: `indices` [B,T,G] int64 into `codebooks()`, or `vectors` [B,T,D] where a method has no
    codebook."""

    indices: Tensor | None = None
    vectors: Tensor | None = None

    def __post_init__(self) -> None:
        if (self.indices is None) == (self.vectors is None):
            raise ValueError(EITHER)

    @property
    def values(self) -> Tensor:
        """What there is of the two."""
        found = self.vectors if self.indices is None else self.indices
        if found is None:
            raise ValueError(EITHER)
        return found
