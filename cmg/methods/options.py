"""Options that several methods have, each with its documentation once; a method's configuration derives from the groups
that it uses.

Values by variant are those of `variant: paper` and `variant: release`, in this order. Why they differ:
docs/methods/dcid.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from cmg.methods.sizes import Frozen
from cmg.methods.variants import by_variant


class MovingCodebook(Frozen):
    """A codebook that is moved by averages, and the commitment to its codes."""

    beta: float = Field(0.25, ge=0, description="weight of the commitment")
    decay: float = Field(0.99, gt=0, lt=1, description="of the codebook's moving averages")
    reset_after: int = Field(300, ge=1, description="steps without use after which a code is dead")


class ReleasedCodebook(MovingCodebook):
    """Where the released codebooks are not as printed: FCID, DCID, MICU, CoDAAR; `cmg.quantizers.shared`,
    `cmg.methods.codaar.aligned`."""

    codebook_start: Literal["batch", "uniform"] = by_variant("batch", "uniform")
    """Where codes start."""
    smooth_counts: bool = by_variant(False, True)
    """Whether the stored counts are smoothed in every update, which drags unused codes to the origin."""
    reset: Literal["batch", "copy"] = by_variant("batch", "copy")
    """What happens to dead codes."""
    active_below: int = Field(
        100, ge=1, description="reset `copy` copies codes that were idle for fewer steps than this"
    )


class SharedCodebook(ReleasedCodebook):
    """One moving codebook for several streams: FCID, DCID, MICU."""

    ema_own: float = Field(
        0.5, gt=0, le=1, description="weight of a stream's own vector in the multimodal moving average"
    )
    quantizer: Literal["joint", "sequential"] = by_variant("joint", "sequential")
    """One update of all streams together, or, as released, one stream after the other."""
    commit_own: float = by_variant(1.0, 2.0)
    """Weight of MSE to the own code, inside beta."""


class MixedCodebook(SharedCodebook):
    """A shared codebook as DCID has it, and MICU after it."""

    mixing: Literal["aligned", "attention"] = by_variant("attention", "aligned")
    """What another modality adds to the moving average: its vector of the same second, or cross-attention over its
    clip."""
    kept_by: Literal["any", "all"] = by_variant("all", "any")
    """A code is kept when any modality, or only when every modality, chose it within `reset_after` forwards."""
    places: Literal["vectors", "means"] = by_variant("means", "vectors")
    """Where codes start and are reset to with `batch`: on vectors of one modality, or on means over the modalities,
    which none owns."""
    commit_other: float = by_variant({"avt": 0.25, "av": 0.5}, {"avt": 0.5, "av": 1.0})
    """Weight of MSE to each other modality's code, inside beta."""
    text_revives: bool = True
    """Whether a choice by text keeps a code from being dead."""
    zero_row: bool = False
    """Whether row 0 of the codebook is set to zero before anything is encoded for a downstream task."""


class ReleasedEncoders(Frozen):
    """Where the released encoders and decoders are not as printed: FCID, DCID, MICU, CoDAAR."""

    spatial_attention: Literal["softmax", "inert"] = by_variant("softmax", "inert")
    mask_text: bool = by_variant(True, False)
    """Both as in `SemanticSizes`."""
    residual_skip: Literal["input", "relu"] = by_variant("input", "relu")
    """What the skip path of a residual block carries: its input, or, as released, the input after the ReLU."""


class ReleasedText(ReleasedEncoders):
    """The same where a trained BiLSTM reads the text: DCID, MICU, CoDAAR."""

    detach_text_target: bool = by_variant(True, False)
    """Whether the BiLSTM output that the text decoder rebuilds is a fixed target; otherwise the BiLSTM may shrink
    it."""


class ContrastivePrediction(Frozen):
    """CPC: FCID, DCID, CoDAAR."""

    cpc_horizon: int = Field(1, ge=1, description="seconds predicted")
    cpc_layers: int = by_variant(1, 2, ge=1)
    """Layers of the LSTM that sums up the context."""
    cpc_bias: bool = by_variant(False, True)
    """Whether a prediction has a bias besides its matrix."""
    cpc_candidates: Literal["targets", "predictions"] = by_variant("targets", "predictions")
    """Among what the softmax chooses: a prediction among targets, or a target among predictions."""
    cpc_self: float = by_variant(0.0, 0.1)
    """Weight of predicting a modality from itself; between modalities it is 1."""
    cpc_first: int = by_variant(0, 1, ge=0)
    """First second (0-based) at which the CPC context may end."""


class MutualInformation(Frozen):
    """CLUB: FCID, DCID."""

    club_hidden: int = Field(128, ge=1, description="hidden width of the CLUB nets")
    club_steps: int = Field(5, ge=1, description="optimiser steps of the CLUB nets per training step")
    club_estimate: Literal["all_pairs", "sampled", "released"] = by_variant("all_pairs", "released")
    """Negatives of the bound: every pair of the batch; one permutation; or that, averaged as the releases do
    (`cmg.losses.club`)."""
    club_video: Literal["map", "projection"] = by_variant("map", "projection")
    """Video-specific feature of CLUB: the spatial mean of the map that the decoder uses, or a projection that only CLUB
    uses."""
    club_features: Literal["mean", "sum"] = by_variant("mean", "sum")
    """Whether log q is averaged over the features of the specific vector, so that no bound grows with its width, or
    summed, as printed."""
    club_units: Literal["unit", "given"] = by_variant("unit", "given")
    """Specific vectors in CLUB: at mean 0 and mean square 1, so that no bound depends on their units, or as they come,
    as printed."""
    club_floor: bool = by_variant(True, False)
    """Whether a bound below zero counts as zero, or as printed."""


class Switches(Frozen):
    """Terms of the objective, each on or off; the base of a method's `losses`."""

    def terms(self) -> set[str]:
        """Names of the terms that are on. `club: false` switches off every `club_…`; `club` itself is no term."""
        on = {name for name, value in self if value}
        return {name for name in on - {"club"} if not name.startswith("club_") or "club" in on}


class Objective(Frozen):
    """A method with `losses`: FCID, DCID, MICU, CoDAAR. ValueError where nothing is left to learn from."""

    if TYPE_CHECKING:  # fields of every subclass, each in its own place
        losses: Any
        modalities: Any

    @property
    def terms(self) -> set[str]:
        """Names of the losses that are on and have their modalities."""
        return self.losses.terms()

    @model_validator(mode="after")
    def _has_terms(self) -> Self:
        if not self.terms:
            raise ValueError(f"losses: no term is on that modalities: {self.modalities} has; switch one on")
        return self


class CodeMatching(Frozen):
    """Cross-modal code matching: FCID, DCID, CoDAAR."""

    cmcm_weight: float = by_variant(1.0, 0.5)
    cmcm_transposed: bool = by_variant(False, True)
    """Whether its second term is the released one instead of the published one: `cmg.losses.code_matching`."""
    cmcm_protected: bool = by_variant(True, False)
    """Whether distances of zero are kept from its square root: `cmg.losses.code_matching.code_usage`."""

    @property
    def matches_features(self) -> bool:
        """Whether code matching is on and codes start on single features, at a distance of zero."""
        return False

    @model_validator(mode="after")
    def _has_distances(self) -> Self:
        if self.matches_features and not self.cmcm_protected:
            raise ValueError(
                "cmcm_protected: false has no finite gradient where codes start on features; "
                "set cmcm_protected: true, start the codes elsewhere, or switch losses.cmcm off"
            )
        return self
