"""Configuration of FCID: values, switches, and what distinguishes the paper from the release, one named option each."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from cmg.methods.sizes import Frozen
from cmg.methods.variants import Variant


class Losses(Frozen):
    """Terms of the objective, each on or off. `cmcm` left out follows the variant: the paper has none."""

    club_audio: bool = True
    club_video: bool = True
    club_audiovisual: bool = True
    club_text: bool = True
    recon: bool = True
    commit: bool = True
    cpc: bool = True
    infonce: bool = True
    cmcm: bool | None = None


class FCIDConfig(Variant):
    """Weights, then the options in which paper and release differ (`VARIANTS`; docs/methods/fcid.md)."""

    VARIANTS: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "fusion": "mean",
            "coarse_encoder": "mlp",
            "nce_inputs": "each",
            "time_mean_first": False,
            "spatial_attention": "softmax",
            "residual_skip": "input",
            "mask_text": True,
            "quantizer": "joint",
            "code_places": "means",
            "reset_after": 40,
            "commit_own": 1.0,
            "commit_other": 0.0,
            "club_estimate": "all_pairs",
            "club_video": "map",
            "cpc_layers": 1,
            "cpc_bias": False,
            "cpc_candidates": "targets",
            "cpc_self": 0.0,
            "cpc_first": 0,
            "tau": 1.0,
            "nce_directions": "both",
            "reconstruct": "input",
            "cmcm_transposed": False,
        },
        "release": {
            "fusion": "separate",
            "coarse_encoder": "linear_relu",
            "nce_inputs": "each",
            "time_mean_first": True,
            "spatial_attention": "inert",
            "residual_skip": "relu",
            "mask_text": False,
            "quantizer": "sequential",
            "code_places": "vectors",
            "reset_after": 300,
            "commit_own": 2.0,
            "commit_other": 0.5,
            "club_estimate": "released",
            "club_video": "projection",
            "cpc_layers": 2,
            "cpc_bias": True,
            "cpc_candidates": "predictions",
            "cpc_self": 0.1,
            "cpc_first": 1,
            "tau": 0.1,
            "nce_directions": "to_text",
            "reconstruct": "projection",
            "cmcm_transposed": True,
        },
    }

    modalities: Literal["avt", "av", "vt", "at"] = "avt"
    """With two modalities one part of the model applies: the fine one to audio and video, the coarse one to either of them with text."""
    beta: float = Field(0.25, ge=0, description="weight of the commitment")
    decay: float = Field(0.99, gt=0, lt=1, description="of the codebook's moving averages")
    ema_own: float = Field(0.5, gt=0, le=1, description="weight of a stream's own vector in the multimodal moving average")
    cpc_horizon: int = Field(1, ge=1, description="R")
    club_hidden: int = Field(128, ge=1)
    club_steps: int = Field(5, ge=1, description="optimiser steps of the CLUB nets per training step")
    losses: Losses = Losses()

    fusion: Literal["mean", "separate"]
    """Audiovisual input: the mean of f^a and f^v besides each alone, or each alone only."""
    coarse_encoder: Literal["mlp", "linear_relu"]
    """Phi_c and Psi_c: the paper says MLP; the release has one linear layer and a ReLU."""
    nce_inputs: Literal["fused", "each"]
    """Audiovisual inputs that InfoNCE aligns with text: the fused one alone, or each of them."""
    time_mean_first: bool
    """Project and quantise time means (one code per clip) instead of seconds, in training. Encoding is per second either way."""
    spatial_attention: Literal["softmax", "inert"]
    residual_skip: Literal["input", "relu"]
    mask_text: bool
    quantizer: Literal["joint", "sequential"]
    code_places: Literal["vectors", "means"]
    """Where the joint codebook starts and where its dead codes go: on vectors of any stream, or on means over the streams."""
    reset_after: int = Field(ge=1)
    """Steps without use after which a code is dead. The paper is silent; in 40 steps of batch 80 a code of 400 is due 250 times."""
    commit_own: float
    commit_other: float
    """Weights of MSE to the own code and to the codes of the other streams, inside beta."""
    club_estimate: Literal["all_pairs", "sampled", "released"]
    club_video: Literal["map", "projection"]
    """What CLUB calls the video-specific feature: the spatial mean of the map the decoder uses, or a projection that only CLUB uses."""
    cpc_layers: int
    cpc_bias: bool
    cpc_candidates: Literal["targets", "predictions"]
    cpc_self: float
    """Weight of predicting a modality from itself; between modalities it is 1."""
    cpc_first: int
    """First second (0-based) at which the CPC context may end."""
    tau: float = Field(gt=0)
    nce_directions: Literal["both", "to_text"]
    reconstruct: Literal["input", "projection"]
    """Decoders rebuild the inputs from codes; or audio and video from unquantised f, and the coarse projections from codes."""
    cmcm_transposed: bool

    @property
    def fine(self) -> bool:
        """Whether audio and video are split and aligned with each other."""
        return {"a", "v"} <= set(self.modalities)

    @property
    def coarse(self) -> bool:
        """Whether audio or video is aligned with text."""
        return "t" in self.modalities

    @property
    def cmcm(self) -> bool:
        """Whether code matching is in the objective."""
        return self.variant == "release" if self.losses.cmcm is None else self.losses.cmcm
