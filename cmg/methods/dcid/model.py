"""DCID: Dual Cross-modal Information Disentangling with a unified codebook (NeurIPS 2023).

Every modality is split into general features z, quantised with one codebook that all modalities share, and specific
features. CLUB makes codes and specific features independent, CPC and code matching align the modalities, a multimodal
moving average moves the codes. `DCIDConfig` names every option in which `variant: paper` and `variant: release` differ;
docs/methods/dcid.md gives the reasons.

Axes: B clips, T seconds, L words, D code dimension, E text width, S channels of the video-specific map.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from cmg.losses.club import CLUB, club_bound, unit
from cmg.losses.code_matching import code_usage, paired_code_matching
from cmg.losses.cpc import cross_cpc
from cmg.methods import semantic
from cmg.methods.coded import MixedMethod, mixed_codebook
from cmg.methods.dcid.config import DCIDConfig
from cmg.methods.draws import draw
from cmg.methods.types import Batch, Draws, Fit, LossTerms, modalities_of
from cmg.nn.classify import ClipClassifier
from cmg.nn.predictive import PredictiveNets
from cmg.nn.specific import MapProjection
from cmg.nn.sums import added
from cmg.quantizers.codebook import agreement, monitors

CLUB_VIDEO_FEATURE = 512
RESET_NOISE = 1 / 1024  # half-width of the uniform noise of the released reset


class DCID(MixedMethod):
    """General and specific features per modality, K codes shared by all; sizes and options: `DCIDConfig`."""

    Config = DCIDConfig

    def __init__(self, config: DCIDConfig) -> None:
        super().__init__()
        self.config = c = config
        dim, width = c.embedding_dim, c.specific_channels
        self.inner_steps = c.club_steps
        self.modalities = modalities_of(c.modalities)
        self.encoder = semantic.encoders(c, self.modalities)
        widths = dict(sorted(self.encoder.widths.items()))  # audio, text, video
        self.specific = nn.ModuleDict(
            {m: semantic.specific_encoder(c, m, channels, c.residual_skip) for m, channels in widths.items()}
        )
        projected = c.club_video == "projection"
        self.video_projection = MapProjection(width, CLUB_VIDEO_FEATURE) if projected else None
        self.quantizer = mixed_codebook(c, self.modalities)
        self.predictive = PredictiveNets(self.modalities, dim, c.cpc_layers, c.cpc_horizon, c.cpc_bias)
        outputs = {m: dim for m in self.modalities} | {"video": CLUB_VIDEO_FEATURE if projected else width}
        self.clubs = nn.ModuleDict(
            {m: CLUB(dim, outputs[m], c.club_hidden) for m in self.modalities if f"club_{m}" in c.terms}
        )
        self.decoders = nn.ModuleDict(
            {m: semantic.decoder(c, m, channels, c.residual_skip) for m, channels in widths.items()}
        )
        self.classifiers = nn.ModuleDict({m: ClipClassifier(dim, c.classes) for m in self.modalities if c.classes})

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """CLUB permutations (audio, video, text), CPC second, dead-code choices and, for the released reset, noise, in
        this order."""
        c, rows = self.config, {m: batch_size for m in self.modalities}
        draws = draw(generator, rows, (c.cpc_first, seconds - 1 - c.cpc_horizon), c.codebook_size)
        if c.reset == "batch":
            return draws
        noise = torch.rand(c.codebook_size, c.embedding_dim, generator=generator)
        return replace(draws, noise=(2 * noise - 1) * RESET_NOISE)

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """The sum of all terms, weight one unless configured. Encoders and codebook first, then the CLUB nets, then the
        terms."""
        c, on = self.config, self.config.losses
        if c.club_forwards == "once":
            encoded = self._encode(batch, draws)
            self._fit_clubs(fit, lambda: encoded)
        else:
            self._fit_clubs(fit, lambda: self._encode(batch, draws))
            encoded = self._encode(batch, draws)
        terms: dict[str, Tensor] = {}
        if on.recon:
            terms |= semantic.reconstruction(c, self.decoders, encoded)
        pairs = self._club_pairs(encoded)
        with torch.autocast(batch.audio.device.type, enabled=False):
            if on.commit:
                terms |= semantic.commitment(c, encoded)
            if on.cmcm:
                terms["cmcm"] = c.cmcm_weight * self._code_matching(encoded)
            terms |= {f"club_{m}": self._club(m, x, y, draws) for m, (x, y) in pairs.items()}
            if on.cpc:
                terms["cpc"] = self._cpc(encoded.z, draws.cpc_step)
        return LossTerms(terms, monitors(encoded.quantized) | {"agreement": agreement(encoded.quantized.indices)})

    def _encode(self, batch: Batch, draws: Draws) -> semantic.Encoded:
        """Encoders, then quantisation with its codebook update (in training mode)."""
        dtype = self.quantizer.embedding.dtype  # losses are not taken in half precision
        x = semantic.inputs(self.encoder, batch)
        z = {m: self.encoder(m, x[m]).to(dtype) for m in self.modalities}
        specific = {m: self.specific[m](x[m]) for m in self.modalities}
        noise = {} if draws.noise is None else {"noise": draws.noise}
        return semantic.Encoded(x, z, specific, self.quantizer(z, draws.reset, **noise))

    def _code_matching(self, encoded: semantic.Encoded) -> Tensor:
        """Over the pairs audio-video, audio-text, video-text."""
        usage = {m: code_usage(z, encoded.quantized.codebook, self.config.cmcm_protected) for m, z in encoded.z.items()}
        return paired_code_matching(usage, self.config.cmcm_transposed)

    def _club_pairs(self, encoded: semantic.Encoded) -> dict[str, tuple[Tensor, Tensor]]:
        """Codes (straight-through) and specific features whose mutual information is reduced."""
        specific, dtype = dict(encoded.specific), self.quantizer.embedding.dtype
        if "video" in self.clubs:
            video_map = specific["video"]
            specific["video"] = (
                self.video_projection(video_map) if self.video_projection else video_map.mean(dim=(2, 3))
            )
        scaled = unit if self.config.club_units == "unit" else nn.Identity()
        return {m: (encoded.quantized.straight[m], scaled(specific[m].to(dtype))) for m in self.clubs}

    def _fit_clubs(self, fit: Fit, encode) -> None:
        """Maximise the CLUB nets' likelihood of detached features; `encode()` gives the forward that an inner step
        uses."""

        def closure() -> Tensor:
            with torch.no_grad():
                pairs = self._club_pairs(encode())
            with torch.autocast(self.quantizer.embedding.device.type, enabled=False):
                return -added(self._net(m).log_likelihood(x.detach(), y.detach()) for m, (x, y) in pairs.items())

        if self.clubs:
            fit(closure)

    def _net(self, name: str) -> CLUB:
        return cast(CLUB, self.clubs[name])

    def _club(self, name: str, x: Tensor, y: Tensor, draws: Draws) -> Tensor:
        c, permutation = self.config, draws.permutations.get(name)
        return club_bound(
            c.club_estimate, self._net(name), x, y, permutation, features=c.club_features, floor=c.club_floor
        )

    def _cpc(self, z: dict[str, Tensor], step: int) -> Tensor:
        """Every modality predicts the next seconds of every other one, and its own with weight `cpc_self`."""
        predictions = {m: self.predictive(m, x, step) for m, x in z.items()}
        targets = {m: self.predictive.targets(x, step) for m, x in z.items()}
        return cross_cpc(predictions, targets, self.config.cpc_self, self.config.cpc_candidates)

    def variational_modules(self) -> list[nn.Module]:
        """The CLUB net of every modality whose mutual information is reduced."""
        return list(self.clubs.values())

    def clip_groups(self) -> dict[str, list[nn.Parameter]]:
        """As the release clips: CPC, encoder, text BiLSTM, each CLUB net, decoder."""
        encoders = semantic.encoder_groups(
            self.encoder, self.specific, *([self.video_projection] if self.video_projection else [])
        )
        clubs = {f"club_{m}": list(net.parameters()) for m, net in self.clubs.items()}
        decoder = [*self.decoders.parameters(), *self.classifiers.parameters()]
        return {"cpc": list(self.predictive.parameters()), **encoders, **clubs, "decoder": decoder}
