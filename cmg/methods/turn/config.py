"""Configuration of TURN. What its paper says and what is our choice: docs/methods/turn.md."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmg.methods.sizes import Frozen, SemanticSizes


class Losses(Frozen):
    """Terms of the objective, each on or off."""

    contrast: bool = True
    code: bool = True
    restore: bool = True


class TURNConfig(SemanticSizes):
    """`codebook_size` counts the codes of all chunks. `specific_channels` and `decoder_channels` are accepted and not
    used."""

    chunks: int = Field(2, ge=1, description="q, parts of a vector with a codebook each")
    tau: float = Field(0.07, gt=0, description="temperature of the contrastive loss")
    beta: float = Field(0.25, ge=0, description="weight of the commitment inside the code loss")
    mask_ratio: float = Field(
        0.3, gt=0, lt=1, description="probability that a second is hidden from the decoder of its modality"
    )
    code_weight: float = Field(1.0, ge=0)
    restore_weight: float = Field(1.0, ge=0)
    contrast_weight: float = Field(1.0, ge=0)
    decoder_layers: int = Field(2, ge=1)
    quantise: Literal["clip", "second"] = "clip"
    """What is quantised in training: time means, or every second. Encoding is per second either way."""
    start: Literal["means", "vectors", "uniform"] = "means"
    """Codes start on the first batch, on means over the modalities or on vectors of single ones, or within +-1/K."""
    self_restore: bool = True
    """Whether a modality is also restored from its own code."""
    losses: Losses = Losses()
