"""Configuration of MICU: values, switches, and what distinguishes our reading from the release, one named option each."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from cmg.methods.sizes import Frozen
from cmg.methods.variants import SemanticVariant


class Losses(Frozen):
    """Terms of the objective, each on or off."""

    recon: bool = True
    commit: bool = True
    fine: bool = True
    coarse: bool = True
    jigsaw: bool = True


class MICUConfig(SemanticVariant):
    """Weights, then the options in which our reading and the release differ (`VARIANTS`; docs/methods/micu.md)."""

    VARIANTS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "forwards": 1,
            "spatial_attention": "softmax",
            "residual_skip": "input",
            "mask_text": True,
            "detach_text_target": True,
            "quantizer": "joint",
            "mixing": "attention",
            "kept_by": "all",
            "places": "means",
            "commit_own": 1.0,
            "commit_other": {"avt": 0.25, "av": 0.5},
            "clip_jigsaw": True,
            "zero_row": False,
        },
        "release": {
            "forwards": 2,
            "spatial_attention": "inert",
            "residual_skip": "relu",
            "mask_text": False,
            "detach_text_target": False,
            "quantizer": "sequential",
            "mixing": "aligned",
            "kept_by": "any",
            "places": "vectors",
            "commit_own": 2.0,
            "commit_other": {"avt": 0.5, "av": 1.0},
            "clip_jigsaw": False,
            "zero_row": True,
        },
    }

    beta: float = Field(0.25, ge=0, description="weight of the commitment")
    decay: float = Field(0.99, gt=0, lt=1, description="gamma, of the codebook's moving averages")
    ema_own: float = Field(0.5, gt=0, le=1, description="weight of a modality's own vector in the multimodal moving average")
    reset_after: int = Field(300, ge=1, description="N_re: forwards without use after which a code is dead")
    tau: float = Field(0.1, gt=0, description="temperature of both contrastive losses")
    mask_ratio: float = Field(0.3, ge=0, lt=1, description="probability that a second is zeroed on the query side, in all modalities alike")
    jigsaw_pieces: int = Field(2, ge=2, le=4, description="parts of a code that are shuffled")
    jigsaw_hidden: int = Field(512, ge=1)
    losses: Losses = Losses()

    forwards: Literal[1, 2]
    """Training forwards per batch: one for all losses, or one for the contrastive and jigsaw losses and another for the others."""
    spatial_attention: Literal["softmax", "inert"]
    residual_skip: Literal["input", "relu"]
    mask_text: bool
    detach_text_target: bool
    quantizer: Literal["joint", "sequential"]
    mixing: Literal["aligned", "attention"]
    kept_by: Literal["any", "all"]
    places: Literal["vectors", "means"]
    commit_own: float
    commit_other: float
    """Options that DCID has too: docs/methods/dcid.md."""
    clip_jigsaw: bool
    """Whether the jigsaw classifier's gradient is clipped like that of the other modules."""
    zero_row: bool
    """Whether row 0 of the codebook is set to zero before anything is encoded for a downstream task."""
