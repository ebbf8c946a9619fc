"""Configuration of CMCM. What its paper says and what is our choice: docs/methods/cmcm.md."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmg.methods.options import MovingCodebook
from cmg.methods.sizes import Frozen, SemanticSizes


class Losses(Frozen):
    """Terms of the objective, each on or off."""

    high: bool = True
    fine: bool = True
    cmcm: bool = True
    commit: bool = True
    recon: bool = True


class CMCMConfig(MovingCodebook, SemanticSizes):
    """Schedule, contrast and codebook of CMCM over the sizes that all rows share."""

    warm_start: float = Field(0.25, ge=0, lt=1, description="share of the training that goes without codes at first")
    tau: float = Field(0.1, gt=0, description="temperature of both contrastive losses")
    fine_negatives: Literal["clips", "seconds"] = "clips"
    """What a second is told from: the same second of other clips, or the other seconds of its clip."""
    high_level: Literal["both", "continuous"] = "both"
    """Vector of a clip in the contrastive loss: time means of features and codes added, or of the features alone."""
    cmcm_weight: float = Field(0.1, ge=0, description="weight of code matching, per pair of modalities")
    cmcm_transposed: bool = False
    """Code matching as released with DCID instead of as published: `cmg.losses.code_matching`."""
    reset_after: int = Field(40, ge=1, description="steps without use by any modality after which a code is dead")
    quantizer: Literal["joint", "sequential"] = "joint"
    codebook_start: Literal["batch", "uniform"] = "batch"
    smooth_counts: bool = False
    reset: Literal["batch", "copy"] = "batch"
    active_below: int = Field(100, ge=1)
    """Codebook options: see `cmg.quantizers.shared`."""
    places: Literal["vectors", "means"] = "means"
    """Where codes start and are reset to with `batch`: vectors of one modality, or means over the modalities at one
    clip and second."""
    losses: Losses = Losses()
