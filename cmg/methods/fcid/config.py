"""Configuration of FCID: values, switches, and what distinguishes the paper from the release, one named option each."""

from __future__ import annotations

from typing import Literal

from cmg.methods.options import (
    CodeMatching,
    ContrastivePrediction,
    MutualInformation,
    Objective,
    ReleasedEncoders,
    SharedCodebook,
    Switches,
)
from cmg.methods.variants import Variant, by_variant


class Losses(Switches):
    """Terms of the objective, each on or off, and `club`, all CLUB terms. `cmcm` left out follows the variant: the
    paper has none."""

    club: bool = True
    club_audio: bool = True
    club_video: bool = True
    club_audiovisual: bool = True
    club_text: bool = True
    recon: bool = True
    commit: bool = True
    cpc: bool = True
    infonce: bool = True
    cmcm: bool | None = None


class FCIDConfig(
    Objective, SharedCodebook, MutualInformation, ContrastivePrediction, CodeMatching, ReleasedEncoders, Variant
):
    """Why paper and release differ: docs/methods/fcid.md."""

    modalities: Literal["avt", "av", "vt", "at"] = "avt"  # type: ignore[assignment]  # FCID has parts for more than others
    """With two modalities one part of the model applies: the fine one to audio and video, the coarse one to either of
    them with text."""
    flow: Literal["paper", "release"] = by_variant("paper", "release")
    """The way through the model (`model`, `release`). Paper: f^a and f^v are fused too, codes are of seconds, inputs
    rebuilt from codes.
    Release: no fusion, codes of time means; audio and video are rebuilt from unquantised f, coarse projections from
    codes."""
    coarse_encoder: Literal["mlp", "linear_relu"] = by_variant("mlp", "linear_relu")
    """Phi_c and Psi_c: the paper says MLP; the release has one linear layer and a ReLU."""
    nce_inputs: Literal["fused", "each"] = "each"
    """Audiovisual inputs that InfoNCE aligns with text where they are fused: the fused one alone, or each of them."""
    nce_directions: Literal["both", "to_text"] = by_variant("both", "to_text")
    tau: float = by_variant(0.1, gt=0)
    """Temperature of InfoNCE. Appendix A prints 1.0 for a sim that it does not define: cosines then stay within +-1."""
    similarity: Literal["cosine", "dot"] = "cosine"
    """sim of Eq. 16, which the paper leaves open."""
    code_places: Literal["vectors", "means"] = by_variant("means", "vectors")
    """Where codes start and where dead ones go with `batch`: on vectors of any stream, or on means over the streams."""
    reset_after: int = by_variant(10, 300, ge=1)
    """Steps without use after which a code is dead. The paper is silent; in 10 steps of batch 80 a code of 400 is due
    80 times."""
    commit_other: float = by_variant(0.0, 0.5)
    """Weight of MSE to the codes of the other streams, inside beta."""
    club_clip_axis: Literal["seconds", "features"] = by_variant("seconds", "features")
    """What `club_estimate: released` averages over where a clip has one vector: its one second, or its features."""
    losses: Losses = Losses()

    @property
    def fine(self) -> bool:
        """Whether audio and video are split and aligned with each other."""
        return {"a", "v"} <= set(self.modalities)

    @property
    def coarse(self) -> bool:
        """Whether audio or video is aligned with text."""
        return "t" in self.modalities

    @property
    def terms(self) -> set[str]:
        """As in `Objective`: each part has its own terms, beside those of both."""
        parts = {"fine": {"club_audio", "club_video", "cpc"}, "coarse": {"club_audiovisual", "club_text", "infonce"}}
        on = self.losses.terms() | ({"cmcm"} if self.cmcm else set())
        return on.difference(*(terms for part, terms in parts.items() if not getattr(self, part)))

    @property
    def cmcm(self) -> bool:
        """Whether code matching is in the objective."""
        return self.variant == "release" if self.losses.cmcm is None else self.losses.cmcm

    @property
    def matches_features(self) -> bool:
        """As in `CodeMatching`."""
        return self.cmcm and self.codebook_start == "batch" and self.code_places == "vectors"
