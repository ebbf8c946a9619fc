"""Configuration of CoDAAR: values, switches, and what distinguishes the paper from the release, one named option each."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from cmg.methods.sizes import Frozen
from cmg.methods.variants import SemanticVariant


class Losses(Frozen):
    """Terms of the objective, each on or off."""

    recon: bool = True
    commit: bool = True
    cpc: bool = True
    cmcm: bool = True


class CoDAARConfig(SemanticVariant):
    """Weights, then the options in which paper and release differ (`VARIANTS`; docs/methods/codaar.md)."""

    VARIANTS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "dta_self": {"avt": 0.6, "av": 0.75},
            "dta_cross": {"avt": 0.2, "av": 0.25},
            "codebook_start": "batch",
            "smooth_counts": False,
            "cascade": "afresh",
            "reset": "batch",
            "spatial_attention": "softmax",
            "spatial_norm": "none",
            "residual_skip": "input",
            "mask_text": True,
            "detach_text_target": True,
            "projection": "linear",
            "decoder_code": "own",
            "cpc_layers": 1,
            "cpc_horizon": 2,
            "cpc_bias": False,
            "cpc_candidates": "targets",
            "cpc_self": 0.0,
            "cpc_first": 0,
            "cmcm_weight": 1.0,
            "cmcm_transposed": False,
            "classes": 0,
        },
        "release": {
            "dta_self": {"avt": 0.6, "av": 0.75},
            "dta_cross": {"avt": 0.2, "av": 0.25},
            "codebook_start": "uniform",
            "smooth_counts": True,
            "cascade": "afresh",
            "reset": "copy",
            "spatial_attention": "inert",
            "spatial_norm": "batch",
            "residual_skip": "relu",
            "mask_text": False,
            "detach_text_target": False,
            "projection": "linear_relu",
            "decoder_code": "row",
            "cpc_layers": 2,
            "cpc_horizon": 1,
            "cpc_bias": True,
            "cpc_candidates": "predictions",
            "cpc_self": 0.1,
            "cpc_first": 1,
            "cmcm_weight": 0.5,
            "cmcm_transposed": True,
            "classes": 142,
        },
    }

    codebook_size: int = Field(800, ge=2, description="K, per modality")
    beta: float = Field(0.25, ge=0, description="weight of the commitment")
    commit_own: float = Field(2.0, ge=0, description="weight of MSE to the own code, inside beta")
    commit_other: float = Field(0.5, ge=0, description="weight of MSE to each other modality's code, inside beta")
    decay: float = Field(0.99, gt=0, lt=1, description="rho, of the codebooks' moving averages")
    reset_after: int = Field(300, ge=1, description="N_re: batches in which no modality chose a row, after which it is dead")
    losses: Losses = Losses()

    dta_self: float = Field(gt=0)
    dta_cross: float = Field(ge=0)
    """lambda_self and lambda_cross (per other modality). The supplement prints 0.6, 0.2; with two modalities the release's 0.75, 0.25."""
    codebook_start: Literal["batch", "uniform"]
    smooth_counts: bool
    cascade: Literal["afresh", "accumulated", "off"]
    reset: Literal["batch", "copy"]
    """Codebook options: see `AlignedEMA`."""
    spatial_attention: Literal["softmax", "inert"]
    spatial_norm: Literal["none", "batch"]
    residual_skip: Literal["input", "relu"]
    mask_text: bool
    detach_text_target: bool
    """Whether the BiLSTM output that the text decoder rebuilds is a fixed target; otherwise the BiLSTM may shrink it."""
    projection: Literal["linear", "linear_relu"]
    """P_a and P_t."""
    decoder_code: Literal["own", "row"]
    """Code that decoders see: every modality's own nearest code side by side (supplement), or the row at one modality's index."""
    cpc_layers: int = Field(ge=1)
    cpc_horizon: int = Field(ge=1)
    """H, seconds predicted."""
    cpc_bias: bool
    cpc_candidates: Literal["targets", "predictions"]
    cpc_self: float
    """Weight of predicting a modality from itself; between modalities it is 1."""
    cpc_first: int = Field(ge=0)
    """First second (0-based) at which the CPC context may end."""
    cmcm_weight: float
    cmcm_transposed: bool
    classes: int = Field(ge=0)
    """Classes of the untrained classifiers that released checkpoints carry; 0: none."""
