"""CMCM: cross-modal discrete representation learning by code matching (Liu et al. 2021), as a row of the CMG tables.

Features are aligned per clip and per second with InfoNCE, and quantised with one codebook that every modality moves by
its own vectors alone; code matching makes paired clips choose codes with like frequencies. Training starts without
codes. Encoders, reconstruction and sizes are those of the other rows; docs/methods/cmcm.md tells what is the original's
from what is our choice.

Axes: B clips, T seconds, D code dimension, S channels of the video-specific map.
"""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor, nn

from cmg.losses.code_matching import code_usage, paired_code_matching
from cmg.losses.commitment import commitment
from cmg.losses.infonce import infonce, infonce_by_second, infonce_within
from cmg.losses.reconstruction import mse
from cmg.methods import semantic
from cmg.methods.cmcm.config import CMCMConfig
from cmg.methods.coded import CodedMethod, shared_codebook
from cmg.methods.draws import draw
from cmg.methods.types import Batch, Draws, Fit, LossTerms, modalities_of
from cmg.nn.sums import added
from cmg.quantizers.codebook import Quantized, monitors


class CMCM(CodedMethod):
    """Audio, video and text, or audio and video; one codebook of K codes, each modality moving it by its own
    vectors."""

    Config = CMCMConfig

    def __init__(self, config: CMCMConfig) -> None:
        super().__init__()
        self.config = c = config
        self.modalities = modalities_of(c.modalities)
        self.encoder = semantic.encoders(c, self.modalities)
        self.quantizer = shared_codebook(c, self.modalities, 1.0, c.places)
        self.specific, self.decoders = nn.ModuleDict(), nn.ModuleDict()
        for m, channels in self.encoder.widths.items() if c.losses.recon else ():
            self.specific[m], self.decoders[m] = (
                semantic.specific_encoder(c, m, channels),
                semantic.decoder(c, m, channels),
            )

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """Choices for dead codes only."""
        return draw(generator, {}, (0, 0), self.config.codebook_size)

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Contrastive losses and reconstruction; after the warm start also codes, commitment and code matching. `fit`
        is not called."""
        c, dtype = self.config, self.quantizer.embedding.dtype  # losses are not taken in half precision
        x = semantic.inputs(self.encoder, batch)
        z = {m: self.encoder(m, x[m]).to(dtype) for m in self.modalities}
        warm = draws.progress < c.warm_start
        quantized = self.quantizer.quantize(z) if warm else self.quantizer(z, draws.reset)  # the former changes nothing
        code = z if warm else quantized.straight
        terms = self._reconstruction(x, code) if c.losses.recon else {}
        with torch.autocast(batch.audio.device.type, enabled=False):
            terms |= self._contrast(z, code)
            terms |= {name: (0 if warm else 1) * value for name, value in self._discrete(z, quantized).items()}
        return LossTerms(terms, monitors(quantized))

    def _reconstruction(self, x: dict[str, Tensor], code: dict[str, Tensor]) -> dict[str, Tensor]:
        """Each modality from its own code (its features before there are codes) and its specific features."""
        rebuilt = {m: self.decoders[m](code[m], self.specific[m](x[m])) for m in self.modalities}
        return {f"recon_{m}": mse(value, x[m].detach()) for m, value in rebuilt.items()}

    def _contrast(self, z: dict[str, Tensor], code: dict[str, Tensor]) -> dict[str, Tensor]:
        """InfoNCE of every ordered pair of modalities on clips (high level) and on seconds (fine)."""
        c, pairs = self.config, list(permutations(self.modalities, 2))
        high = {m: (x + code[m] if c.high_level == "both" else x).mean(dim=1) for m, x in z.items()}
        by_second = infonce_by_second if c.fine_negatives == "clips" else infonce_within
        terms = {"high": added(infonce(high[q], high[k], c.tau) for q, k in pairs)} if c.losses.high else {}
        return terms | ({"fine": added(by_second(z[q], z[k], c.tau) for q, k in pairs)} if c.losses.fine else {})

    def _discrete(self, z: dict[str, Tensor], quantized: Quantized) -> dict[str, Tensor]:
        """Commitment to the own code, and code matching over the pairs of modalities."""
        c = self.config
        terms = (
            {f"commit_{m}": c.beta * commitment(x, quantized.hard[m]) for m, x in z.items()} if c.losses.commit else {}
        )
        usage = {m: code_usage(x, quantized.codebook) for m, x in z.items()}
        return terms | (
            {"cmcm": c.cmcm_weight * paired_code_matching(usage, c.cmcm_transposed)} if c.losses.cmcm else {}
        )
