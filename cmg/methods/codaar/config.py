"""Configuration of CoDAAR: values, switches, and what distinguishes the paper from the release, one named option
each."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmg.methods.options import CodeMatching, ContrastivePrediction, Objective, ReleasedCodebook, ReleasedText, Switches
from cmg.methods.variants import SemanticVariant, by_variant


class Losses(Switches):
    """Terms of the objective, each on or off."""

    recon: bool = True
    commit: bool = True
    cpc: bool = True
    cmcm: bool = True


class CoDAARConfig(Objective, ReleasedCodebook, ContrastivePrediction, CodeMatching, ReleasedText, SemanticVariant):
    """Why paper and release differ: docs/methods/codaar.md."""

    codebook_size: int = Field(800, ge=2, description="K, per modality")
    commit_own: float = Field(2.0, ge=0, description="weight of MSE to the own code, inside beta")
    commit_other: float = Field(0.5, ge=0, description="weight of MSE to each other modality's code, inside beta")
    cpc_horizon: int = by_variant(2, 1, ge=1)
    """H, seconds predicted."""
    dta_self: float = by_variant({"avt": 0.6, "av": 0.75}, gt=0)
    dta_cross: float = by_variant({"avt": 0.2, "av": 0.25}, ge=0)
    """lambda_self and lambda_cross (per other modality). The supplement prints 0.6, 0.2; with two modalities the
    release's 0.75, 0.25."""
    cascade: Literal["afresh", "accumulated", "off"] = "afresh"
    """When CSA is applied and what it changes: see `AlignedEMA`."""
    spatial_norm: Literal["none", "batch"] = by_variant("none", "batch")
    """Normalisation in the video projection P_v."""
    projection: Literal["linear", "linear_relu"] = by_variant("linear", "linear_relu")
    """P_a and P_t."""
    decoder_code: Literal["own", "row"] = by_variant("own", "row")
    """Code that decoders see: every modality's own nearest code side by side (supplement), or the row at one modality's
    index."""
    classes: int = by_variant(0, 142, ge=0)
    """Classes of the untrained classifiers that released checkpoints carry; 0: none."""
    losses: Losses = Losses()

    @property
    def matches_features(self) -> bool:
        """As in `CodeMatching`; CSA moves the codes off the features."""
        return self.losses.cmcm and self.codebook_start == "batch" and self.cascade == "off"
