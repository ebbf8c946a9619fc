"""Baseline: FCID's encoders and one shared codebook, without any cross-modal objective (a row of CoDAAR's Table 8).

Audio, video and text are quantised and rebuilt each on its own: reconstruction and commitment (FCID Eq. 18) are all
there is, and the codebook's moving average takes only the vectors that chose a code. What such codes share between
modalities is accident.

Axes: B clips, T seconds, D code dimension, S channels of the video-specific map.
"""

from __future__ import annotations

import torch
from torch import nn

from cmg.losses.commitment import commitment
from cmg.losses.reconstruction import mse
from cmg.methods.baseline.config import BaselineConfig
from cmg.methods.coded import CodedMethod
from cmg.methods.draws import draw
from cmg.methods.types import MODALITIES, Batch, Draws, Fit, LossTerms
from cmg.nn.decoders import InputDecoders
from cmg.nn.encoders import CHANNELS, GeneralEncoders
from cmg.nn.specific import MLP, LinearReLU, VideoSpecific
from cmg.nn.temporal import masked_mean
from cmg.quantizers.codebook import monitors
from cmg.quantizers.joint import JointEMA


class Baseline(CodedMethod):
    """Audio, video and text, each rebuilt from its own code and specific features; FCID Eq. 18 alone."""

    Config = BaselineConfig

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        self.config = c = config
        dim, width = c.embedding_dim, c.specific_channels
        self.encoder = GeneralEncoders(dim, c.layers, c.heads, c.feedforward, c.dropout)
        self.audio_specific = LinearReLU(CHANNELS["audio"], dim)
        self.video_specific = VideoSpecific(CHANNELS["video"], width)
        self.coarse_specific = nn.ModuleDict({group: MLP(dim, dim) for group in ("audiovisual", "text")})
        self.quantizer = JointEMA(c.codebook_size, dim, MODALITIES, c.decay, own=1.0, reset_after=c.reset_after)
        self.decoders = InputDecoders(dim, width, c.decoder_channels, "input")

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """Choices for dead codes only."""
        return draw(generator, {}, (0, 0), self.config.codebook_size)

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Reconstruction and commitment of each modality; `fit` is not called."""
        fine = {
            m: self.encoder.fine(m, getattr(batch, m), batch.text_mask if m == "text" else None) for m in MODALITIES
        }
        fine["text"] = self.encoder.summary(fine["text"], batch.text_mask).expand(-1, batch.seconds, -1)
        coarse = {m: self.encoder.coarse("text" if m == "text" else "audiovisual", x) for m, x in fine.items()}
        general = {m: x.to(self.quantizer.embedding.dtype) for m, (_, x) in coarse.items()}
        own = {
            m: self.coarse_specific["text" if m == "text" else "audiovisual"](projected)
            for m, (projected, _) in coarse.items()
        }
        quantized = self.quantizer(general, draws.reset)
        specific = {"audio": self.audio_specific(batch.audio), "video": self.video_specific(batch.video)}
        rebuilt = self.decoders(quantized.straight, own, specific)
        targets = {"video": batch.video, "audio": batch.audio, "text": masked_mean(batch.text, batch.text_mask)}
        terms = {f"recon_{m}": mse(x, targets[m]) for m, x in rebuilt.items()}
        pulls = [commitment(general[m], quantized.hard[m]) for m in MODALITIES]
        return LossTerms({**terms, "commit": self.config.beta * torch.stack(pulls).sum()}, monitors(quantized))
