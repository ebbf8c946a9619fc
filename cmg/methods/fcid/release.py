"""FCID as released: video, audio and text, never fused, each with one vector per clip in training.

Axes: B clips, T seconds, D code dimension, S channels of the video-specific map.
"""

from __future__ import annotations

from torch import Tensor

from cmg.methods.fcid.config import FCIDConfig
from cmg.methods.fcid.parts import FINE, ORDER, Forward, Parts, errors, general
from cmg.methods.types import Batch, Draws
from cmg.nn.decoders import ProjectionDecoders


class ReleasedFCID(Parts):
    """`flow: release`: the codebook sees time means of f^v and f^a, and text; coarse CLUB has both, one after the other
    along B."""

    stacked = 2

    def __init__(self, config: FCIDConfig) -> None:
        super().__init__(config, ORDER)
        self.decoders = ProjectionDecoders(
            config.embedding_dim, config.specific_channels, config.decoder_channels, config.residual_skip
        )

    def forward(self, batch: Batch, draws: Draws) -> Forward:
        """f of seconds, codes of time means [B,1,D]."""
        fine, specific = self._fine(batch), self._specific(batch)
        coarse = self._coarse({m: fine[m].mean(dim=1, keepdim=True) for m in FINE}, fine["text"], batch.text_mask)
        seen = general(coarse)
        quantized = self.quantizer(seen, draws.reset)
        pairs = {**self._fine_pairs(fine, specific), **self._coarse_pairs(coarse, *FINE)}
        return Forward(fine, specific, coarse, seen, quantized, pairs)

    def reconstruction(self, batch: Batch, x: Forward) -> dict[str, Tensor]:
        """Audio and video from unquantised f, and the coarse projections, which move, from codes."""
        specific = {name: c.specific for name, c in x.coarse.items()}
        targets = {
            "video": batch.video,
            "audio": batch.audio,
            **{f"coarse_{name}": c.projected for name, c in x.coarse.items()},
        }
        return errors(self.decoders(x.fine, x.quantized.straight, specific, x.specific), targets)
