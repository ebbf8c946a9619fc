"""What methods with one codebook share: an encoder of one modality alone, and a quantiser that replaces its vectors by
codes.

Axes: B clips, T seconds, L words, M modalities, D code dimension, K codes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cmg.methods.base import Method
from cmg.methods.options import MixedCodebook
from cmg.methods.types import Codes
from cmg.nn.encoders import Level
from cmg.quantizers.codebook import Codebook, nearest
from cmg.quantizers.joint import JointEMA
from cmg.quantizers.sequential import SequentialEMA
from cmg.quantizers.shared import Places, SharedEMA


def shared_codebook(config, streams: tuple[str, ...], own: float, places: Places, **more: Any) -> SharedEMA:
    """The codebook of the configuration, shared by `streams`; own, places and further options: see `SharedEMA`."""
    c = config
    kind = JointEMA if c.quantizer == "joint" else SequentialEMA
    sizes = {"codes": c.codebook_size, "dim": c.embedding_dim, "decay": c.decay, "own": own}
    dead = {"reset_after": c.reset_after, "reset": c.reset, "active_below": c.active_below}
    return kind(
        streams=streams, places=places, start=c.codebook_start, smooth_counts=c.smooth_counts, **sizes, **dead, **more
    )


class CodedMethod(Method):
    """A method that sets `self.encoder`, of either kind, and `self.quantizer`."""

    encoder: Any
    quantizer: Codebook

    def codebooks(self) -> list[Tensor]:
        """One table of K codes, [K,D]; with a codebook per modality [K,M*D]."""
        return [self.quantizer.embedding]

    def health(self) -> dict[str, float]:
        """Of the choices since the last call: see `Method.health`."""
        return self.quantizer.health(self.quantizer.embedding)

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Codes:
        """Index of the nearest code of that modality, [B,T,1] for seconds; text as its encoder has it: a code per word
        slot [B,L,1] (DCID's) or per sentence [B,1,1] (FCID's). `level="clip"`: one per clip or sentence, [B,1,1].
        """
        vectors = self.encoder.encode(modality, features, mask, level)
        return Codes(indices=self.quantizer.nearest(vectors, modality).unsqueeze(-1))


def mixed_codebook(config: MixedCodebook, modalities: tuple[str, ...]) -> SharedEMA:
    """The same with the options of `MixedCodebook`."""
    c = config
    reviving = None if c.text_revives else tuple(m for m in modalities if m != "text")
    return shared_codebook(c, modalities, c.ema_own, c.places, mixing=c.mixing, kept_by=c.kept_by, reviving=reviving)


class MixedMethod(CodedMethod):
    """A method whose configuration is a `MixedCodebook`: DCID, MICU."""

    def codebooks(self) -> list[Tensor]:
        """One table [K,D], row 0 zero with `zero_row`."""
        table = self.quantizer.embedding.clone()
        if self.config.zero_row:
            table[0] = 0
        return [table]

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Codes:
        """As in `CodedMethod`, of the codes of `codebooks`."""
        return Codes(
            indices=nearest(self.encoder.encode(modality, features, mask, level), *self.codebooks()).unsqueeze(-1)
        )
