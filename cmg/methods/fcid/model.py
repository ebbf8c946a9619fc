"""FCID: Fine and Coarse cross-modal Information Disentangling (ACL Findings 2025, Eqs. 10-19).

Fine: audio and video are split into general features f and specific features, aligned with each other by CPC. Coarse: the general
audiovisual features and text are split again, aligned with InfoNCE, and quantised with one codebook. `FCIDConfig` names every
option in which `variant: paper` and `variant: release` differ. Of two modalities, audio and video have the fine part alone (its f are
quantised), audio or video with text the coarse part alone.

Axes: B clips, T seconds (1 where a stream has one vector per clip), L words, D code dimension, S channels of the video-specific map.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cmg.losses.club import CLUB, club_bound, unit
from cmg.losses.code_matching import code_matching, code_usage
from cmg.losses.commitment import commitment
from cmg.losses.cpc import cpc
from cmg.losses.infonce import infonce
from cmg.losses.reconstruction import mse
from cmg.methods.coded import CodedMethod, shared_codebook
from cmg.methods.draws import draw
from cmg.methods.fcid.config import FCIDConfig
from cmg.methods.types import Batch, Draws, Fit, LossTerms, modalities_of
from cmg.nn.decoders import CoarseDecoders, FineDecoders, InputDecoders, ProjectionDecoders
from cmg.nn.encoders import CHANNELS, GeneralEncoders
from cmg.nn.predictive import PredictiveNets
from cmg.nn.specific import COARSE, LinearReLU, MapProjection, VideoSpecific
from cmg.nn.temporal import masked_mean
from cmg.quantizers.codebook import Quantized, monitors

CLUB_VIDEO_FEATURE = 512
ORDER = ("video", "audio", "text")  # in which the release encodes: a seed draws the dropout masks that the release draws


@dataclass(frozen=True)
class Stream:
    """One input to the codebook: P(x), Phi_c(P(x)), Psi_c(P(x)), each [B,T,D]; without the coarse part, `general` is f."""

    general: Tensor
    projected: Tensor | None = None
    specific: Tensor | None = None


class FCID(CodedMethod):
    """Fine and coarse features, K codes shared by all streams; sizes and options: `FCIDConfig`."""

    Config = FCIDConfig

    def __init__(self, config: FCIDConfig) -> None:
        super().__init__()
        self.config = c = config
        dim, width = c.embedding_dim, c.specific_channels
        self.inner_steps = c.club_steps
        self.modalities = modalities_of(c.modalities)
        fused = c.fusion == "mean" and c.fine and c.coarse
        self.streams = ("audiovisual",) * fused + tuple(m for m in ORDER if m in self.modalities)
        widths = (dim, c.layers, c.heads, c.feedforward, c.dropout)
        self.encoder = GeneralEncoders(*widths, c.spatial_attention, c.mask_text, c.coarse_encoder, self.modalities)
        self.audio_specific = LinearReLU(CHANNELS["audio"], dim) if c.fine else None
        self.video_specific = VideoSpecific(CHANNELS["video"], width, c.residual_skip) if c.fine else None
        projected = c.club_video == "projection"
        self.video_projection = MapProjection(width, CLUB_VIDEO_FEATURE) if c.fine and projected else None
        groups = ("audiovisual", "text") if c.coarse else ()
        self.coarse_specific = nn.ModuleDict({group: COARSE[c.coarse_encoder](dim, dim) for group in groups})
        self.quantizer = shared_codebook(c, self.streams, c.ema_own, c.code_places)
        self.predictive = PredictiveNets(("video", "audio"), dim, c.cpc_layers, c.cpc_horizon, c.cpc_bias) if c.fine else None
        outputs = {"video": CLUB_VIDEO_FEATURE if projected else width, "audio": dim} if c.fine else {}
        outputs |= {"text": dim, "audiovisual": dim} if c.coarse else {}
        self.clubs = nn.ModuleDict({name: CLUB(dim, out, c.club_hidden) for name, out in outputs.items() if f"club_{name}" in c.terms})
        self.decoders = self._decoders()

    def _decoders(self) -> nn.Module:
        c = self.config
        dim, sizes = c.embedding_dim, (c.embedding_dim, c.specific_channels, c.decoder_channels, c.residual_skip)
        if not c.coarse:
            return FineDecoders(*sizes)
        if not c.fine:
            return CoarseDecoders(dim, {m: CHANNELS[m] if c.reconstruct == "input" else dim for m in self.modalities})
        return InputDecoders(*sizes) if c.reconstruct == "input" else ProjectionDecoders(*sizes)

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """CLUB permutations (video, audio, text, audiovisual), CPC second, dead-code choices, in this order."""
        c, stacked = self.config, len(self._audiovisual())
        rows = {"video": batch_size, "audio": batch_size, "text": batch_size, "audiovisual": stacked * batch_size}
        steps = (c.cpc_first, seconds - 1 - c.cpc_horizon) if c.fine else (0, 0)
        return draw(generator, rows, steps, c.codebook_size)

    def _audiovisual(self) -> list[str]:
        """Streams that stand for audio and video: the fused one, or each."""
        return ["audiovisual"] if "audiovisual" in self.streams else [s for s in self.streams if s != "text"]

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Eq. 19, every term with weight one. Encoders and codebook first, then the CLUB nets, then the terms."""
        c, on, fine = self.config, self.config.losses, self._fine(batch)
        streams = self._streams(fine, batch.text_mask)
        quantized = self.quantizer({name: s.general for name, s in streams.items()}, draws.reset)
        specific = {"audio": self.audio_specific(batch.audio), "video": self.video_specific(batch.video)} if c.fine else {}
        pairs = self._club_pairs(fine, specific, streams)
        if pairs:
            fit(lambda: self._club_loss(pairs))
        terms: dict[str, Tensor] = {}
        if on.recon:
            terms |= self._reconstruction(batch, fine, specific, streams, quantized)
        with torch.autocast(batch.audio.device.type, enabled=False):
            if on.commit:
                terms["commit"] = self._commitment(streams, quantized)
            if c.cmcm:
                terms["cmcm"] = c.cmcm_weight * self._code_matching(streams, quantized)
            terms |= {f"club_{name}": self._club(name, x, y, draws) for name, (x, y) in pairs.items()}
            if on.cpc and c.fine:
                terms["cpc"] = self._cpc(fine, draws.cpc_step)
            if on.infonce and c.coarse:
                terms["infonce"] = self._infonce(streams)
        return LossTerms(terms, monitors(quantized))

    def _fine(self, batch: Batch) -> dict[str, Tensor]:
        dtype = self.quantizer.embedding.dtype  # losses are not taken in half precision
        masks = {"text": batch.text_mask}
        return {m: self.encoder.fine(m, getattr(batch, m), masks.get(m)).to(dtype) for m in ORDER if m in self.modalities}

    def _streams(self, fine: dict[str, Tensor], mask: Tensor) -> dict[str, Stream]:
        """What the codebook sees, by name; text has one vector per clip, the others one per second unless time means come first."""
        if not self.config.coarse:
            return {name: Stream(fine[name]) for name in self.streams}
        inputs = {m: fine[m] for m in ("video", "audio") if m in fine}
        if "audiovisual" in self.streams:
            inputs["audiovisual"] = (fine["audio"] + fine["video"]) / 2
        if self.config.time_mean_first:
            inputs = {name: x.mean(dim=1, keepdim=True) for name, x in inputs.items()}
        seconds = next(iter(inputs.values())).shape[1]
        inputs["text"] = self.encoder.summary(fine["text"], mask).expand(-1, seconds, -1)
        return {name: self._stream(name, inputs[name]) for name in self.streams}

    def _stream(self, name: str, x: Tensor) -> Stream:
        group = "text" if name == "text" else "audiovisual"
        projected, general = self.encoder.coarse(group, x)
        dtype = self.quantizer.embedding.dtype
        return Stream(general.to(dtype), projected.to(dtype), self.coarse_specific[group](projected).to(dtype))

    def _reconstruction(self, batch: Batch, fine, specific, streams, quantized: Quantized) -> dict[str, Tensor]:
        """Eq. 18, first term, per modality; or the released targets (`reconstruct: projection`)."""
        from_input = self.config.reconstruct == "input"
        source = {m: "audiovisual" if m != "text" and "audiovisual" in streams else m for m in self.modalities}
        code = {m: quantized.straight[s] for m, s in source.items()}
        coarse = {m: streams[s].specific for m, s in source.items()}
        if not self.config.coarse:
            rebuilt = self.decoders(code if from_input else fine, specific)
        elif not self.config.fine:
            rebuilt = {m if from_input else f"coarse_{m}": x for m, x in self.decoders(code, coarse).items()}
        else:
            rebuilt = self.decoders(code, coarse, specific) if from_input else self.decoders(fine, code, coarse, specific)
        targets = self._targets(batch, streams)
        return {f"recon_{name}": mse(x.expand_as(targets[name]), targets[name]) for name, x in rebuilt.items()}

    def _targets(self, batch: Batch, streams: dict[str, Stream]) -> dict[str, Tensor]:
        """What decoders rebuild, by name; without the map of the fine part, video is its spatial mean per second [B,T,C]."""
        text = masked_mean(batch.text, batch.text_mask if self.config.mask_text else None)
        targets = {"video": batch.video, "audio": batch.audio, "text": text}
        if not self.config.fine:
            targets |= {"video": batch.video.mean(dim=(2, 3)), "text": text.unsqueeze(1).expand(-1, batch.seconds, -1)}
        return targets | {f"coarse_{name}": s.projected for name, s in streams.items()}

    def _commitment(self, streams: dict[str, Stream], quantized: Quantized) -> Tensor:
        """Eq. 18, second term, summed over the streams."""
        c, hard = self.config, quantized.hard
        others = {name: [hard[n] for n in streams if n != name] if c.commit_other else [] for name in streams}
        losses = [commitment(s.general, hard[name], others[name], c.commit_own, c.commit_other) for name, s in streams.items()]
        return c.beta * torch.stack(losses).sum()

    def _code_matching(self, streams: dict[str, Stream], quantized: Quantized) -> Tensor:
        """L(video, audio) + L(video, text) + L(text, audio), as far as there are streams; not in the paper."""
        usage = {name: code_usage(s.general, quantized.codebook, self.config.cmcm_protected) for name, s in streams.items()}
        pairs = (("video", "audio"), ("video", "text"), ("text", "audio"))
        return sum(code_matching(usage[p], usage[q], self.config.cmcm_transposed) for p, q in pairs if {p, q} <= usage.keys())

    def _club_pairs(self, fine, specific, streams: dict[str, Stream]) -> dict[str, tuple[Tensor, Tensor]]:
        """General and specific features whose mutual information is reduced: fine audio and video, coarse audiovisual and text."""
        pairs = {}
        if self.config.fine:
            video_map = specific["video"]
            y_video = self.video_projection(video_map) if self.video_projection else video_map.mean(dim=(2, 3))
            pairs |= {"audio": (fine["audio"], specific["audio"]), "video": (fine["video"], y_video)}
        if self.config.coarse:
            pairs["text"] = (streams["text"].general[:, :1], streams["text"].specific[:, :1])
            source = self._audiovisual()
            pairs["audiovisual"] = tuple(torch.cat([getattr(streams[s], part) for s in source]) for part in ("general", "specific"))
        dtype = self.quantizer.embedding.dtype
        flat = {name: tuple(x.to(dtype).squeeze(1) for x in pair) for name, pair in pairs.items()}  # clip-level pairs are [B,D]
        scaled = unit if self.config.club_units == "unit" else nn.Identity()
        return {name: (flat[name][0], scaled(flat[name][1])) for name in flat if name in self.clubs}

    def _club_loss(self, pairs: dict[str, tuple[Tensor, Tensor]]) -> Tensor:
        """Negative log-likelihood of the CLUB nets on detached features, summed: each net sees its own gradient only."""
        device = self.quantizer.embedding.device.type
        with torch.autocast(device, enabled=False):
            return -sum(self.clubs[name].log_likelihood(x.detach(), y.detach()) for name, (x, y) in pairs.items())

    def _club(self, name: str, x: Tensor, y: Tensor, draws: Draws) -> Tensor:
        """Eqs. 12 and 15. Clip-level pairs [B,D] have an axis of seconds only where the released estimate averages over one."""
        c = self.config
        if x.ndim == 2 and c.club_estimate == "released" and c.club_clip_axis == "seconds":
            x, y = x.unsqueeze(1), y.unsqueeze(1)
        stacked = len(self._audiovisual()) if name == "audiovisual" else 1
        permutation, form = draws.permutations.get(name), (c.club_features, c.club_floor)
        return club_bound(c.club_estimate, self.clubs[name], x, y, permutation, stacked, *form)

    def _cpc(self, fine: dict[str, Tensor], step: int) -> Tensor:
        """Eq. 13 in both directions, and the released self terms."""
        c, pair = self.config, ("video", "audio")
        predictions = {m: self.predictive(m, fine[m], step) for m in pair}
        targets = {m: self.predictive.targets(fine[m], step) for m in pair}
        weights = {(m, n): 1.0 if m != n else c.cpc_self for m in pair for n in pair}
        return sum(w * cpc(predictions[m], targets[n], c.cpc_candidates) for (m, n), w in weights.items() if w)

    def _infonce(self, streams: dict[str, Stream]) -> Tensor:
        """Eq. 16 on time means, audiovisual with text: averaged over the inputs that stand for it, or summed where they are not fused."""
        c, means = self.config, {name: s.general.mean(dim=1) for name, s in streams.items()}
        sources = [s for s in streams if s != "text"] if c.nce_inputs == "each" else self._audiovisual()
        directed = [(s, "text") for s in sources] + [("text", s) for s in sources if c.nce_directions == "both"]
        views = len(sources) if c.fusion == "mean" else 1
        return sum(infonce(means[query], means[key], c.tau, similarity=c.similarity) for query, key in directed) / views

    def variational_modules(self) -> list[nn.Module]:
        """The CLUB net of every pair of general and specific features whose mutual information is reduced."""
        return list(self.clubs.values())

    def clip_groups(self) -> dict[str, list[nn.Parameter]]:
        """As the release clips: CPC, encoder, each CLUB net, decoder."""
        encoders = [self.encoder, self.audio_specific, self.video_specific, self.coarse_specific, self.video_projection]
        encoder = [p for module in encoders if module is not None for p in module.parameters()]
        clubs = {f"club_{name}": list(net.parameters()) for name, net in self.clubs.items()}
        cpc_nets = {"cpc": list(self.predictive.parameters())} if self.predictive else {}
        return {**cpc_nets, "encoder": encoder, **clubs, "decoder": list(self.decoders.parameters())}
