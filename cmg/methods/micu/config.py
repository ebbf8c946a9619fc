"""Configuration of MICU: values, switches, and what distinguishes our reading from the release, one named option
each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmg.methods.options import MixedCodebook, Objective, ReleasedText, Switches
from cmg.methods.variants import SemanticVariant, by_variant


class Losses(Switches):
    """Terms of the objective, each on or off."""

    recon: bool = True
    commit: bool = True
    fine: bool = True
    coarse: bool = True
    jigsaw: bool = True


class MICUConfig(Objective, MixedCodebook, ReleasedText, SemanticVariant):
    """Why our reading and the release differ: docs/methods/micu.md."""

    tau: float = Field(0.1, gt=0, description="temperature of both contrastive losses")
    mask_ratio: float = Field(
        0.3, ge=0, lt=1, description="probability that a second is zeroed on the query side, in all modalities alike"
    )
    jigsaw_pieces: int = Field(2, ge=2, le=4, description="parts of a code that are shuffled")
    jigsaw_hidden: int = Field(512, ge=1)
    forwards: Literal[1, 2] = by_variant(1, 2)
    """Training forwards per batch: one for all losses, or one for the contrastive and jigsaw losses and another for the
    others."""
    clip_jigsaw: bool = by_variant(True, False)
    """Whether the jigsaw classifier's gradient is clipped like that of the other modules."""
    text_revives: bool = by_variant(True, False)
    zero_row: bool = by_variant(False, True)
    """Both as in `MixedCodebook`."""
    losses: Losses = Losses()
