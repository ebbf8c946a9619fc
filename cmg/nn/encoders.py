"""General (modality-shared) encoders of FCID and of the controls that share its architecture. All that inference needs.

Axes: B clips, T seconds, L words, C channels, D code dimension.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from cmg.nn.attention import ChannelSpatialAttention, Spatial
from cmg.nn.specific import COARSE
from cmg.nn.temporal import TemporalBlock, masked_mean

Level = Literal["step", "clip", "sentence"]  # sentence: of methods on `SemanticEncoders` alone
CHANNELS = {"audio": 128, "video": 512, "text": 768}
GROUPS = ("audiovisual", "text")


class GeneralEncoders(nn.Module):
    """Fine encoders Phi_f, projectors P and coarse encoders Phi_c (Eqs. 10, 14).

    Audio and video share one projector and one coarse encoder ("audiovisual"); text has its own. `modalities` without
    text: fine encoders only.
    """

    def __init__(
        self,
        dim: int = 256,
        layers: int = 1,
        heads: int = 4,
        hidden: int = 1024,
        dropout: float = 0.1,
        spatial: Spatial = "softmax",
        mask_text: bool = True,
        coarse: str = "mlp",
        modalities: tuple[str, ...] = tuple(CHANNELS),
    ) -> None:
        super().__init__()
        self.mask_text = mask_text
        groups = GROUPS if "text" in modalities else ()
        self.pool = ChannelSpatialAttention(CHANNELS["video"], spatial=spatial) if "video" in modalities else None
        self.temporal = nn.ModuleDict(
            {m: TemporalBlock(CHANNELS[m], dim, layers, heads, hidden, dropout) for m in modalities}
        )
        self.project = nn.ModuleDict({group: nn.Linear(dim, dim) for group in groups})
        self.general = nn.ModuleDict({group: COARSE[coarse](dim, dim) for group in groups})

    def fine(self, modality: str, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Fine general features f [B,T,D] (text: one vector per word [B,L,D]) of one modality."""
        pooled = self.pool(features) if modality == "video" and self.pool is not None else features
        return self.temporal[modality](pooled, mask if self.mask_text else None)

    def summary(self, text_fine: Tensor, mask: Tensor | None) -> Tensor:
        """Mean over words [B,1,D]: over the real ones, or over all slots where padding is not masked."""
        return masked_mean(text_fine, mask if self.mask_text else None).unsqueeze(1)

    def coarse(self, group: str, x: Tensor) -> tuple[Tensor, Tensor]:
        """Projection P(x) and general feature Phi_c(P(x)), each [B,T,D]; group 'audiovisual' or 'text'."""
        projected = self.project[group](x)
        return projected, self.general[group](projected)

    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Tensor:
        """General vectors of one modality alone, ready for a codebook.

        level "step": one per second [B,T,D] (text: per word); "clip": one per clip [B,1,D] from the time mean of f.
        Left out: seconds of audio and video, whole sentences of text. ValueError on a modality that this model does not
        have.
        """
        if modality not in self.temporal:
            raise ValueError(f"unknown modality '{modality}', expected one of {', '.join(self.temporal)}")
        fine = self.fine(modality, features, mask)
        if (level or ("clip" if modality == "text" else "step")) == "clip":
            fine = self.summary(fine, mask) if modality == "text" else fine.mean(dim=1, keepdim=True)
        return self.coarse("text" if modality == "text" else "audiovisual", fine)[1] if self.general else fine
