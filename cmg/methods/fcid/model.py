"""FCID: Fine and Coarse cross-modal Information Disentangling (ACL Findings 2025, Eqs. 10-19), as the paper has it.

Fine: audio and video are split into general features f and specific features, aligned with each other by CPC. Coarse:
the general audiovisual features and text are split again, aligned with InfoNCE, and quantised with one codebook. The
release goes another way through the same parts (`release`); of two modalities one part alone applies
(`two_modalities`). `FCIDConfig` names every option.

Axes: B clips, T seconds, D code dimension, S channels of the video-specific map.
"""

from __future__ import annotations

from torch import Tensor

from cmg.methods.fcid.config import FCIDConfig
from cmg.methods.fcid.parts import ORDER, Forward, Parts, errors, general
from cmg.methods.fcid.release import ReleasedFCID
from cmg.methods.fcid.two_modalities import CoarseFCID, FineFCID
from cmg.methods.types import Batch, Draws
from cmg.nn.decoders import InputDecoders


class FCID(Parts):
    """`flow: paper`: audio and video fused, each alone, and text, second by second."""

    def __init__(self, config: FCIDConfig) -> None:
        super().__init__(config, ("audiovisual", *ORDER))
        self.decoders = InputDecoders(
            config.embedding_dim, config.specific_channels, config.decoder_channels, config.residual_skip
        )

    @classmethod
    def of(cls, config: FCIDConfig) -> Parts:
        """The flow that a configuration asks for."""
        three = ReleasedFCID if config.flow == "release" else cls
        return {"avt": three, "av": FineFCID}.get(config.modalities, CoarseFCID)(config)

    def forward(self, batch: Batch, draws: Draws) -> Forward:
        """Eqs. 10, 14 and 17. At test time f^a or f^v goes alone: so does each here, beside the audiovisual mean."""
        fine, specific = self._fine(batch), self._specific(batch)
        inputs = {"audiovisual": (fine["audio"] + fine["video"]) / 2, "video": fine["video"], "audio": fine["audio"]}
        coarse = self._coarse(inputs, fine["text"], batch.text_mask)
        seen = general(coarse)
        quantized = self.quantizer(seen, draws.reset)
        pairs = {**self._fine_pairs(fine, specific), **self._coarse_pairs(coarse, "audiovisual")}
        return Forward(fine, specific, coarse, seen, quantized, pairs)

    def reconstruction(self, batch: Batch, x: Forward) -> dict[str, Tensor]:
        """Eq. 18, term 1: audio and video from the audiovisual code, text (mean word vector [B,768]) from its own."""
        source = {"video": "audiovisual", "audio": "audiovisual", "text": "text"}
        code = {m: x.quantized.straight[s] for m, s in source.items()}
        coarse = {m: x.coarse[s].specific for m, s in source.items()}
        text = self.encoder.summary(batch.text, batch.text_mask).squeeze(1)
        return errors(
            self.decoders(code, coarse, x.specific), {"video": batch.video, "audio": batch.audio, "text": text}
        )

    def _infonce(self, seen: dict[str, Tensor]) -> Tensor:
        """Eq. 16, averaged over the inputs that stand for audio and video: the fused one, or that and each alone."""
        fused = {name: seen[name] for name in ("audiovisual", "text")}
        aligned = fused if self.config.nce_inputs == "fused" else seen
        return super()._infonce(aligned) / (len(aligned) - 1)
