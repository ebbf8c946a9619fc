"""FCID of two modalities: the paper says that the fine part or the coarse part alone applies then (Limitations), and no
more.

`flow: release` is what the release does to that part: time means before the coarse part, and its targets of
reconstruction.

Axes: B clips, T seconds, D code dimension, S channels of the video-specific map.
"""

from __future__ import annotations

from torch import Tensor

from cmg.methods.fcid.config import FCIDConfig
from cmg.methods.fcid.parts import FINE, Forward, Parts, errors, general
from cmg.methods.types import Batch, Draws, modalities_of
from cmg.nn.decoders import CoarseDecoders, FineDecoders
from cmg.nn.encoders import CHANNELS


class FineFCID(Parts):
    """Audio and video: f of every second is quantised."""

    stacked = 2

    def __init__(self, config: FCIDConfig) -> None:
        super().__init__(config, FINE)
        self.decoders = FineDecoders(
            config.embedding_dim, config.specific_channels, config.decoder_channels, config.residual_skip
        )

    def forward(self, batch: Batch, draws: Draws) -> Forward:
        """f and fine specific features, and codes of f."""
        fine, specific = self._fine(batch), self._specific(batch)
        return Forward(fine, specific, {}, fine, self.quantizer(fine, draws.reset), self._fine_pairs(fine, specific))

    def reconstruction(self, batch: Batch, x: Forward) -> dict[str, Tensor]:
        """Audio and video from codes, or, as released, from unquantised f."""
        source = x.fine if self.config.flow == "release" else x.quantized.straight
        return errors(self.decoders(source, x.specific), {"video": batch.video, "audio": batch.audio})


class CoarseFCID(Parts):
    """Audio or video, and text: the coarse features are quantised."""

    def __init__(self, config: FCIDConfig) -> None:
        super().__init__(config, modalities_of(config.modalities))
        dim, self.released = config.embedding_dim, config.flow == "release"
        self.decoders = CoarseDecoders(dim, {m: dim if self.released else CHANNELS[m] for m in self.modalities})

    def forward(self, batch: Batch, draws: Draws) -> Forward:
        """f, coarse features of its seconds, or, as released, of its time mean, and codes."""
        fine, name = self._fine(batch), self.modalities[0]
        x = fine[name].mean(dim=1, keepdim=True) if self.released else fine[name]
        coarse = self._coarse({name: x}, fine["text"], batch.text_mask)
        seen = general(coarse)
        return Forward(fine, {}, coarse, seen, self.quantizer(seen, draws.reset), self._coarse_pairs(coarse, name))

    def reconstruction(self, batch: Batch, x: Forward) -> dict[str, Tensor]:
        """From code and coarse specific features: the input, of video its spatial mean [B,T,C]; or, as released, the
        coarse projection."""
        rebuilt = self.decoders(x.quantized.straight, {name: c.specific for name, c in x.coarse.items()})
        if self.released:
            return errors(
                {f"coarse_{m}": y for m, y in rebuilt.items()},
                {f"coarse_{m}": c.projected for m, c in x.coarse.items()},
            )
        text = self.encoder.summary(batch.text, batch.text_mask).expand(-1, batch.seconds, -1)
        return errors(rebuilt, {"video": batch.video.mean(dim=(2, 3)), "audio": batch.audio, "text": text})
