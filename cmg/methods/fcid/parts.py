"""What FCID's flows have in common: modules, the objective and its terms.

Axes: B clips, T seconds (1 where a stream has one vector per clip), L words, D code dimension, S channels of the
video-specific map.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cmg.losses.code_matching import code_matching, code_usage
from cmg.losses.commitment import cross_commitment
from cmg.losses.cpc import cross_cpc
from cmg.losses.infonce import infonce
from cmg.losses.reconstruction import mse
from cmg.methods.coded import CodedMethod, shared_codebook
from cmg.methods.draws import draw
from cmg.methods.fcid.clubs import Clubs, Pairs
from cmg.methods.fcid.config import FCIDConfig
from cmg.methods.types import Batch, Draws, Fit, LossTerms, modalities_of
from cmg.nn.encoders import CHANNELS, GROUPS, GeneralEncoders
from cmg.nn.predictive import PredictiveNets
from cmg.nn.specific import COARSE, LinearReLU, MapMean, MapProjection, VideoSpecific
from cmg.nn.sums import added
from cmg.quantizers.codebook import Quantized, monitors

CLUB_VIDEO_FEATURE = 512
FINE = ("video", "audio")
ORDER = (*FINE, "text")  # in which the release encodes: a seed draws the dropout masks that the release draws


@dataclass(frozen=True)
class Coarse:
    """P(x), Phi_c(P(x)) and Psi_c(P(x)) of one stream, each [B,T,D]; Eq. 14."""

    projected: Tensor
    general: Tensor
    specific: Tensor


@dataclass(frozen=True)
class Forward:
    """What a flow makes of a batch.

    By modality: f [B,T,D] (text [B,L,D]) and fine specific features, audio [B,T,D] and video [B,T,3,3,S]. By stream:
    coarse features, what the codebook sees [B,T,D], and codes. By CLUB net: general and specific features.
    """

    fine: dict[str, Tensor]
    specific: dict[str, Tensor]
    coarse: dict[str, Coarse]
    seen: dict[str, Tensor]
    quantized: Quantized
    pairs: Pairs


class Parts(CodedMethod):
    """Modules and objective. A flow adds decoders, `forward` and `reconstruction`.

    streams: inputs that share the K codes; stacked: how many of them stand for audio and video.
    """

    Config = FCIDConfig
    stacked: int = 1

    def __init__(self, config: FCIDConfig, streams: tuple[str, ...]) -> None:
        super().__init__()
        self.config = c = config
        dim, width = c.embedding_dim, c.specific_channels
        self.inner_steps = c.club_steps
        self.modalities = modalities_of(c.modalities)
        widths = (dim, c.layers, c.heads, c.feedforward, c.dropout)
        self.encoder = GeneralEncoders(*widths, c.spatial_attention, c.mask_text, c.coarse_encoder, self.modalities)
        specific: dict[str, int] = {}
        if c.fine:
            self.audio_specific = LinearReLU(CHANNELS["audio"], dim)
            self.video_specific = VideoSpecific(CHANNELS["video"], width, c.residual_skip)
            projected = c.club_video == "projection"
            self.video_projection = MapProjection(width, CLUB_VIDEO_FEATURE) if projected else MapMean()
            specific |= {"video": CLUB_VIDEO_FEATURE if projected else width, "audio": dim}
        if c.coarse:
            self.coarse_specific = nn.ModuleDict({group: COARSE[c.coarse_encoder](dim, dim) for group in GROUPS})
            specific |= {"text": dim, "audiovisual": dim}
        self.quantizer = shared_codebook(c, streams, c.ema_own, c.code_places)
        if c.fine:
            self.predictive = PredictiveNets(FINE, dim, c.cpc_layers, c.cpc_horizon, c.cpc_bias)
        self.clubs = Clubs(c, {name: out for name, out in specific.items() if f"club_{name}" in c.terms}, self.stacked)

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """CLUB permutations (video, audio, text, audiovisual), CPC second, dead-code choices, in this order."""
        c, rows = self.config, {**dict.fromkeys(ORDER, batch_size), "audiovisual": self.stacked * batch_size}
        return draw(generator, rows, (c.cpc_first, seconds - 1 - c.cpc_horizon) if c.fine else (0, 0), c.codebook_size)

    def forward(self, batch: Batch, draws: Draws) -> Forward:
        """Encoders, and the codebook with its update in training."""
        raise TypeError(f"{type(self).__name__} does not define forward(batch, draws)")

    def reconstruction(self, batch: Batch, x: Forward) -> dict[str, Tensor]:
        """`recon_<name>`, Eq. 18, first term."""
        raise TypeError(f"{type(self).__name__} does not define reconstruction(batch, x)")

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Eq. 19, every term with weight one. Encoders and codebook first, then the CLUB nets, then the terms."""
        c, on, x = self.config, self.config.terms, self.forward(batch, draws)
        pairs = self.clubs.taken(x.pairs)
        if pairs:
            fit(lambda: self.clubs.loss(pairs))
        terms = self.reconstruction(batch, x) if "recon" in on else {}
        with torch.autocast(batch.device.type, enabled=False):
            if "commit" in on:
                terms["commit"] = self._commitment(x.seen, x.quantized)
            if "cmcm" in on:
                terms["cmcm"] = c.cmcm_weight * self._code_matching(x.seen, x.quantized)
            terms |= {f"club_{name}": self.clubs.bound(name, *pair, draws) for name, pair in pairs.items()}
            if "cpc" in on:
                terms["cpc"] = self._cpc(x.fine, draws.cpc_step)
            if "infonce" in on:
                terms["infonce"] = self._infonce(x.seen)
        return LossTerms(terms, monitors(x.quantized))

    def _fine(self, batch: Batch) -> dict[str, Tensor]:
        """f of every modality, Eq. 10."""
        dtype = self.quantizer.embedding.dtype  # losses are not taken in half precision
        masks = {"text": batch.text_mask}
        return {
            m: self.encoder.fine(m, getattr(batch, m), masks.get(m)).to(dtype) for m in ORDER if m in self.modalities
        }

    def _specific(self, batch: Batch) -> dict[str, Tensor]:
        """Fine specific features, Eq. 10."""
        return {"audio": self.audio_specific(batch.audio), "video": self.video_specific(batch.video)}

    def _coarse(self, inputs: dict[str, Tensor], words: Tensor, mask: Tensor) -> dict[str, Coarse]:
        """Of audiovisual inputs [B,T,D], and of the mean of the words [B,L,D], which stands at every second of
        theirs."""
        seconds = next(iter(inputs.values())).shape[1]
        text = self.encoder.summary(words, mask).expand(-1, seconds, -1)
        return {
            **{name: self._stream("audiovisual", x) for name, x in inputs.items()},
            "text": self._stream("text", text),
        }

    def _stream(self, group: str, x: Tensor) -> Coarse:
        dtype, (projected, general) = self.quantizer.embedding.dtype, self.encoder.coarse(group, x)
        return Coarse(projected.to(dtype), general.to(dtype), self.coarse_specific[group](projected).to(dtype))

    def _fine_pairs(self, fine: dict[str, Tensor], specific: dict[str, Tensor]) -> Pairs:
        """f and fine specific features of audio and video."""
        return {
            "audio": (fine["audio"], specific["audio"]),
            "video": (fine["video"], self.video_projection(specific["video"])),
        }

    def _coarse_pairs(self, coarse: dict[str, Coarse], *sources: str) -> Pairs:
        """Coarse general and specific features: of text, the same at every second, and of `sources`, one after the
        other along B."""
        text, merged = coarse["text"], [coarse[s] for s in sources]
        stacked = torch.cat([s.general for s in merged]), torch.cat([s.specific for s in merged])
        return {"text": (text.general[:, :1], text.specific[:, :1]), "audiovisual": stacked}

    def _commitment(self, seen: dict[str, Tensor], quantized: Quantized) -> Tensor:
        """Eq. 18, second term, summed over the streams."""
        c = self.config
        losses = cross_commitment(seen, quantized.hard, c.commit_own, c.commit_other)
        return c.beta * torch.stack(list(losses.values())).sum()

    def _code_matching(self, seen: dict[str, Tensor], quantized: Quantized) -> Tensor:
        """L(video, audio) + L(video, text) + L(text, audio), as far as there are streams; not in the paper."""
        usage = {name: code_usage(x, quantized.codebook, self.config.cmcm_protected) for name, x in seen.items()}
        pairs = (("video", "audio"), ("video", "text"), ("text", "audio"))
        return added(
            code_matching(usage[p], usage[q], self.config.cmcm_transposed) for p, q in pairs if {p, q} <= usage.keys()
        )

    def _cpc(self, fine: dict[str, Tensor], step: int) -> Tensor:
        """Eq. 13 in both directions, and the released self terms."""
        predictions = {m: self.predictive(m, fine[m], step) for m in FINE}
        targets = {m: self.predictive.targets(fine[m], step) for m in FINE}
        return cross_cpc(predictions, targets, self.config.cpc_self, self.config.cpc_candidates)

    def _infonce(self, seen: dict[str, Tensor]) -> Tensor:
        """Eq. 16 on time means, every other stream with text, summed."""
        c, means = self.config, {name: x.mean(dim=1) for name, x in seen.items()}
        sources = [name for name in seen if name != "text"]
        directed = [(s, "text") for s in sources] + [("text", s) for s in sources if c.nce_directions == "both"]
        return added(infonce(means[query], means[key], c.tau, similarity=c.similarity) for query, key in directed)

    def variational_modules(self) -> list[nn.Module]:
        """The CLUB net of every pair of general and specific features whose mutual information is reduced."""
        return list(self.clubs.values())

    def clip_groups(self) -> dict[str, list[nn.Parameter]]:
        """As the release clips: CPC, encoder, each CLUB net, decoder."""

        def of(*names: str) -> list[nn.Parameter]:
            return [p for name in names if hasattr(self, name) for p in getattr(self, name).parameters()]

        encoder = of("encoder", "audio_specific", "video_specific", "coarse_specific", "video_projection")
        clubs = {f"club_{name}": list(net.parameters()) for name, net in self.clubs.items()}
        groups = {"cpc": of("predictive"), "encoder": encoder, **clubs, "decoder": of("decoders")}
        return {name: parameters for name, parameters in groups.items() if parameters}


def general(coarse: dict[str, Coarse]) -> dict[str, Tensor]:
    """What the codebook sees of coarse features."""
    return {name: c.general for name, c in coarse.items()}


def errors(rebuilt: dict[str, Tensor], targets: dict[str, Tensor]) -> dict[str, Tensor]:
    """`recon_<name>` of what decoders rebuilt."""
    return {f"recon_{name}": mse(x, targets[name]) for name, x in rebuilt.items()}
