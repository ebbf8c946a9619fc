"""CoDAAR: cross-modal generalization through semantically aligned discrete representations (2026; supplement 8, 9, 14).

Every modality has its own codebook; rows share an index. CPC and code matching align the features, DTA and CSA align
the codebooks, and the code of a clip-second, whatever its modality, is the whole row at the index of its nearest code.
`CoDAARConfig` names every option in which `variant: paper` and `variant: release` differ, docs/methods/codaar.md why.

Axes: B clips, T seconds, L words, D code dimension, K codes per modality, M modalities, S channels of the video map.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from cmg.losses.code_matching import code_usage, paired_code_matching
from cmg.losses.commitment import cross_commitment
from cmg.losses.cpc import cross_cpc
from cmg.losses.reconstruction import mse
from cmg.methods import semantic
from cmg.methods.codaar.aligned import AlignedEMA
from cmg.methods.codaar.config import CoDAARConfig
from cmg.methods.codaar.segments import segment_contrast
from cmg.methods.codaar.spatial import SpatialStack
from cmg.methods.coded import CodedMethod
from cmg.methods.draws import draw
from cmg.methods.types import Batch, Draws, Fit, LossTerms
from cmg.nn.classify import ClipClassifier
from cmg.nn.encoders import CHANNELS
from cmg.nn.predictive import PredictiveNets
from cmg.nn.specific import LinearReLU
from cmg.quantizers.codebook import Quantized, agreement, monitors

RESET_NOISE = 0.001  # standard deviation of the noise of the released reset


class CoDAAR(CodedMethod):
    """A codebook per modality; one index is a row of K, [M D] wide, modalities in the order video, audio, text."""

    Config = CoDAARConfig

    def __init__(self, config: CoDAARConfig) -> None:
        super().__init__()
        self.config = c = config
        dim, width = c.embedding_dim, c.specific_channels
        self.modalities = self.aligned = ("video", "audio", "text")[: len(c.modalities)]
        row = dim * len(self.modalities)
        self.encoder = semantic.encoders(c, self.modalities)
        widths = dict(sorted(self.encoder.widths.items()))  # audio, text, video
        project = LinearReLU if c.projection == "linear_relu" else nn.Linear
        self.project = nn.ModuleDict({m: project(channels, dim) for m, channels in widths.items() if m != "video"})
        self.project["video"] = SpatialStack(CHANNELS["video"], width, c.spatial_norm)
        self.quantizer = AlignedEMA(
            c.codebook_size,
            dim,
            self.modalities,
            c.decay,
            c.dta_self,
            c.dta_cross,
            c.codebook_start,
            c.smooth_counts,
            c.cascade,
            c.reset,
            c.reset_after,
            c.active_below,
        )
        self.predictive = PredictiveNets(self.modalities, dim, c.cpc_layers, c.cpc_horizon, c.cpc_bias)
        self.merge = nn.ModuleDict({m: nn.Linear(row, dim) for m in self.modalities})
        self.decoders = nn.ModuleDict(
            {m: semantic.decoder(c, m, channels, c.residual_skip) for m, channels in widths.items()}
        )
        self.classifiers = nn.ModuleDict({m: ClipClassifier(row, c.classes) for m in self.modalities if c.classes})

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """CPC second, dead-code choices and, for the released reset, noise, in this order."""
        c = self.config
        draws = draw(generator, {}, (c.cpc_first, seconds - 1 - c.cpc_horizon), c.codebook_size)
        if c.reset == "batch":
            return draws
        return replace(draws, noise=RESET_NOISE * torch.randn(self.quantizer.embedding.shape, generator=generator))

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Reconstructions, commitments, code matching and CPC, weight one unless configured."""
        on, x = self.config.losses, semantic.inputs(self.encoder, batch)
        dtype = self.quantizer.embedding.dtype  # losses are not taken in half precision
        z = {m: self.encoder(m, x[m]).to(dtype) for m in self.modalities}
        quantized = self.quantizer(z, draws.reset, draws.noise)
        terms = self._reconstruction(x, z, quantized) if on.recon else {}
        with torch.autocast(batch.audio.device.type, enabled=False):
            if on.commit:
                terms |= self._commitment(z, quantized)
            if on.cmcm:
                terms["cmcm"] = self.config.cmcm_weight * self._code_matching(z, quantized)
            if on.cpc:
                terms["cpc"] = self._cpc(z, draws.cpc_step)
            return LossTerms(terms, self._monitors(quantized))

    def _reconstruction(self, x: dict[str, Tensor], z: dict[str, Tensor], quantized: Quantized) -> dict[str, Tensor]:
        """Each modality from the trimodal code and its own projection P_m; video through the channel-gated map."""
        targets = semantic.targets(x, self.config.detach_text_target)
        terms = {}
        for m in self.modalities:
            projected = self.project[m](self.encoder.pool.gated(x[m]) if m == "video" else x[m])
            code = self.merge[m](self._trimodal(m, z, quantized))
            terms[f"recon_{m}"] = mse(self.decoders[m](code, projected), targets[m])
        return terms

    def _trimodal(self, name: str, z: dict[str, Tensor], quantized: Quantized) -> Tensor:
        """Code [B,T,M*D] that the decoder of one modality sees; gradients go straight through to every z."""
        if self.config.decoder_code == "own":
            return torch.cat([quantized.straight[m] for m in self.modalities], dim=-1)
        everyone = torch.cat([z[m] for m in self.modalities], dim=-1)
        return everyone + (quantized.codebook[quantized.indices[name]] - everyone).detach()

    def _commitment(self, z: dict[str, Tensor], quantized: Quantized) -> dict[str, Tensor]:
        """To the own code, and to the other modalities' own codes of the same second."""
        c = self.config
        losses = cross_commitment(z, quantized.hard, c.commit_own, c.commit_other)
        return {f"commit_{m}": c.beta * loss for m, loss in losses.items()}

    def _code_matching(self, z: dict[str, Tensor], quantized: Quantized) -> Tensor:
        """Eq. 11 over the pairs audio-text, audio-video, text-video; usage is over each modality's own codes."""
        order = sorted(self.modalities)  # audio first, as printed
        usage = {
            m: code_usage(z[m], self.quantizer.part(quantized.codebook, m), self.config.cmcm_protected) for m in order
        }
        return paired_code_matching(usage, self.config.cmcm_transposed)

    def _cpc(self, z: dict[str, Tensor], step: int) -> Tensor:
        """Every modality predicts the next H seconds of every other one, and its own with weight `cpc_self`."""
        predictions = {m: self.predictive(m, x, step) for m, x in z.items()}
        targets = {m: self.predictive.targets(x, step) for m, x in z.items()}
        return cross_cpc(predictions, targets, self.config.cpc_self, self.config.cpc_candidates)

    def _monitors(self, quantized: Quantized) -> dict[str, Tensor]:
        """Usage, perplexity; clips with one most frequent index in all modalities; likeness of a row's new codes."""
        parts = [self.quantizer.part(self.quantizer.embedding, m) for m in self.modalities]
        return monitors(quantized) | {"agreement": agreement(quantized.indices), "segment": segment_contrast(parts)}

    def clip_groups(self) -> dict[str, list[nn.Parameter]]:
        """As the release clips: CPC, encoder, text BiLSTM, decoder."""
        decoder = [p for module in (self.merge, self.decoders, self.classifiers) for p in module.parameters()]
        return {
            "cpc": list(self.predictive.parameters()),
            **semantic.encoder_groups(self.encoder, self.project),
            "decoder": decoder,
        }
