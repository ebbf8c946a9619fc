"""Configuration of DCID: values, switches, and what distinguishes the paper from the release, one named option each."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from cmg.methods.sizes import Frozen
from cmg.methods.variants import SemanticVariant


class Losses(Frozen):
    """Terms of the objective, each on or off."""

    club_audio: bool = True
    club_video: bool = True
    club_text: bool = True
    recon: bool = True
    commit: bool = True
    cpc: bool = True
    cmcm: bool = True


class DCIDConfig(SemanticVariant):
    """Weights, then the options in which paper and release differ (`VARIANTS`; docs/methods/dcid.md)."""

    VARIANTS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
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
            "club_estimate": "all_pairs",
            "club_video": "map",
            "cpc_layers": 1,
            "cpc_bias": False,
            "cpc_candidates": "targets",
            "cpc_self": 0.0,
            "cpc_first": 0,
            "cmcm_weight": 1.0,
            "cmcm_transposed": False,
            "classes": 0,
        },
        "release": {
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
            "club_estimate": "released",
            "club_video": "projection",
            "cpc_layers": 2,
            "cpc_bias": True,
            "cpc_candidates": "predictions",
            "cpc_self": 0.1,
            "cpc_first": 1,
            "cmcm_weight": 0.5,
            "cmcm_transposed": True,
            "classes": 141,
        },
    }

    beta: float = Field(0.25, ge=0, description="weight of the commitment")
    decay: float = Field(0.99, gt=0, lt=1, description="gamma, of the codebook's moving averages")
    ema_own: float = Field(0.5, gt=0, le=1, description="weight of a modality's own vector in the multimodal moving average")
    reset_after: int = Field(300, ge=1, description="N_re: forwards without use after which a code is dead")
    cpc_horizon: int = Field(1, ge=1, description="seconds predicted")
    club_hidden: int = Field(128, ge=1)
    club_steps: int = Field(5, ge=1, description="optimiser steps of the CLUB nets per training step")
    club_forwards: Literal["once", "each"] = "once"
    """CLUB steps reuse one forward of the encoders, or each makes its own, with a codebook update (the loop released until Dec 2024)."""
    losses: Losses = Losses()

    spatial_attention: Literal["softmax", "inert"]
    residual_skip: Literal["input", "relu"]
    mask_text: bool
    detach_text_target: bool
    """Whether the BiLSTM output that the text decoder rebuilds is a fixed target; otherwise the BiLSTM may shrink it."""
    quantizer: Literal["joint", "sequential"]
    mixing: Literal["aligned", "attention"]
    """What another modality adds to the moving average of `joint`: its vector of the same second, or cross-attention over its clip."""
    kept_by: Literal["any", "all"]
    """A code of `joint` is kept when any modality, or only when every modality, chose it within `reset_after` forwards."""
    places: Literal["vectors", "means"]
    """Where codes of `joint` start and are reset to: on vectors of one modality, or on means over the modalities, which none owns."""
    commit_own: float
    commit_other: float
    """Weights of MSE to the own code and to each other modality's code, inside beta."""
    club_estimate: Literal["all_pairs", "released"]
    club_video: Literal["map", "projection"]
    """Video-specific feature of CLUB: the spatial mean of the map that the decoder uses, or a projection that only CLUB uses."""
    cpc_layers: int = Field(ge=1)
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
