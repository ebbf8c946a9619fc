"""Configuration of SimMMDG. What its paper and code say and what is our choice: docs/methods/simmmdg.md."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmg.methods.sizes import Frozen, SemanticSizes


class Losses(Frozen):
    """Terms of the objective, each on or off."""

    contrast: bool = True
    distance: bool = True
    translation: bool = True


class SimMMDGConfig(SemanticSizes):
    """`codebook_size` and `decoder_channels` are accepted, so that one set of sizes serves all methods, and not
    used."""

    labels: Literal["instance", "sentence"] = "instance"
    """Which clips attract each other: a clip's own views only, or all clips with the same sentence (their class, in
    VGGSound-AVEL)."""
    halves: Literal["blocks", "linear"] = "blocks"
    """Where shared and specific halves come from: a temporal block each, or one linear layer after a common block."""
    contrast_weight: float = Field(3.0, ge=0)
    distance_weight: float = Field(0.7, ge=0)
    translation_weight: float = Field(0.1, ge=0)
    tau: float = Field(0.1, gt=0, description="temperature of the contrastive loss")
    base_tau: float = Field(0.07, gt=0, description="the contrastive loss is multiplied by tau / base_tau")
    projection: Literal["none", "common", "own"] = "none"
    """Head between the shared halves and the contrastive loss: none, one for all modalities, or one per modality."""
    projection_dim: int = Field(128, ge=1, description="width in which clips are contrasted")
    hidden: int | None = Field(None, ge=1)
    """Hidden width of projection heads and translators; left out: `specific_channels` (2048 officially), at least the
    code dimension."""
    translation_dropout: float = Field(0.5, ge=0, lt=1)
    losses: Losses = Losses()

    @property
    def width(self) -> int:
        """Hidden width in use."""
        return self.hidden or max(self.specific_channels, self.embedding_dim)
