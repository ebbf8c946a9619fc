"""Configuration of CODIS. What its paper says and what is our choice: docs/methods/codis.md."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmg.methods.sizes import Frozen, SemanticSizes


class Losses(Frozen):
    """Terms of the objective, each on or off."""

    cross: bool = True
    intra: bool = True
    transport: bool = True
    distil: bool = True


class CODISConfig(SemanticSizes):
    """`specific_channels` and `decoder_channels` are accepted, so that one set of sizes serves all methods, and not
    used."""

    momentum: float = Field(0.995, ge=0, lt=1, description="of the teacher's moving average")
    tau: float = Field(0.07, gt=0, description="temperature of the contrastive losses")
    queue: int = Field(
        2048, ge=0, description="past teacher features per modality that serve as negatives; 0: the batch alone"
    )
    gamma: float = Field(0.1, gt=0, description="temperature of the student's assignment to prototypes")
    assign: Literal["clip", "second"] = "clip"
    """What is transported to prototypes in training: time means, or every second. Encoding is per second either way."""
    solver: Literal["ipot", "sinkhorn"] = "ipot"
    ipot_beta: float = Field(0.5, gt=0, description="weight of the proximal term")
    ipot_iterations: int = Field(50, ge=1)
    sinkhorn_epsilon: float = Field(0.05, gt=0, description="weight of the entropy")
    sinkhorn_iterations: int = Field(3, ge=1)
    start: Literal["random", "batch"] = "random"
    """Prototypes start in random directions, or on teacher features of the first batch."""
    losses: Losses = Losses()
