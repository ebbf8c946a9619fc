"""Modality-general encoders of DCID and CoDAAR: one temporal block per modality, text through a BiLSTM. All that
inference needs.

Axes: B clips, T seconds, L words, C channels, D code dimension, E text width (twice the BiLSTM's hidden width).
"""

from __future__ import annotations

from torch import Tensor, nn

from cmg.nn.attention import ChannelSpatialAttention, Spatial
from cmg.nn.encoders import CHANNELS, Level
from cmg.nn.temporal import TemporalBlock
from cmg.nn.text import TextBiLSTM


class SemanticEncoders(nn.Module):
    """z = temporal block (x) per modality: x is audio, attention-pooled video, or the BiLSTM's output."""

    def __init__(
        self,
        modalities: tuple[str, ...],
        dim: int = 256,
        layers: int = 2,
        heads: int = 4,
        hidden: int = 1024,
        dropout: float = 0.1,
        spatial: Spatial = "softmax",
        mask_text: bool = True,
        text_hidden: int = 128,
    ) -> None:
        super().__init__()
        self.widths = {m: 2 * text_hidden if m == "text" else CHANNELS[m] for m in modalities}
        self.pool = ChannelSpatialAttention(CHANNELS["video"], spatial=spatial)
        self.text = TextBiLSTM(CHANNELS["text"], text_hidden, mask_padding=mask_text) if "text" in modalities else None
        self.temporal = nn.ModuleDict(
            {m: TemporalBlock(c, dim, layers, heads, hidden, dropout) for m, c in self.widths.items()}
        )

    def inputs(
        self,
        modality: str,
        features: Tensor,
        mask: Tensor | None = None,
        seconds: int | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """What the temporal block, the specific branch and the decoder of a modality call x: text [B,T,E], the others
        as they come.

        mask, seconds, lengths: as `TextBiLSTM` takes them. Raises ValueError on a modality that this model does not
        have.
        """
        if modality not in self.widths:
            raise ValueError(f"unknown modality '{modality}', expected one of {', '.join(self.widths)}")
        return self.text(features, mask, seconds, lengths) if modality == "text" and self.text is not None else features

    def forward(self, modality: str, x: Tensor) -> Tensor:
        """z [B,T,D] from x as `inputs` gives it."""
        return self.temporal[modality](self.pool(x) if modality == "video" else x)

    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Tensor:
        """z of one modality alone, ready for a codebook: [B,T,D] (text: T = L), or its time mean [B,1,D] with level
        "clip".

        level "sentence" (text): z of the mean word, [B,1,D], as the released retrieval has it: averaged before the
        temporal block.
        """
        if level == "sentence":
            if self.text is None or mask is None:
                raise ValueError("level sentence: expected a model of text, and the mask of its words")
            return self("text", self.text.sentence(features, mask))
        z = self(modality, self.inputs(modality, features, mask))
        return z.mean(dim=1, keepdim=True) if level == "clip" else z
