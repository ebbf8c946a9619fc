"""Configuration of DCID: values, switches, and what distinguishes the paper from the release, one named option each."""

from __future__ import annotations

from typing import Literal

from cmg.methods.options import (
    CodeMatching,
    ContrastivePrediction,
    MixedCodebook,
    MutualInformation,
    Objective,
    ReleasedText,
    Switches,
)
from cmg.methods.variants import SemanticVariant, by_variant


class Losses(Switches):
    """Terms of the objective, each on or off, and `club`, all CLUB terms."""

    club: bool = True
    club_audio: bool = True
    club_video: bool = True
    club_text: bool = True
    recon: bool = True
    commit: bool = True
    cpc: bool = True
    cmcm: bool = True


class DCIDConfig(
    Objective, MixedCodebook, MutualInformation, ContrastivePrediction, CodeMatching, ReleasedText, SemanticVariant
):
    """Why paper and release differ: docs/methods/dcid.md."""

    club_forwards: Literal["once", "each"] = "once"
    """CLUB steps reuse one forward of the encoders, or each makes its own, with a codebook update (the loop released
    until Dec 2024)."""
    classes: int = by_variant(0, 141, ge=0)
    """Classes of the untrained classifiers that released checkpoints carry; 0: none."""
    losses: Losses = Losses()

    @property
    def terms(self) -> set[str]:
        """As in `Objective`."""
        return self.losses.terms() - (set() if "t" in self.modalities else {"club_text"})

    @property
    def matches_features(self) -> bool:
        """As in `CodeMatching`."""
        return self.losses.cmcm and self.codebook_start == "batch" and self.places == "vectors"
