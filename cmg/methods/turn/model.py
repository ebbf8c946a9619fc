"""TURN: the alignment stream of a speech-grounding model with a product codebook (Zhao et al. 2022), as a row of the
CMG tables.

Clips are contrasted before quantisation, a product codebook is trained by gradient, and hidden seconds of every
modality are restored from its visible seconds and the code of another one. docs/methods/turn.md tells what is the
original's from what is our choice.

Axes: B clips, T seconds, S vectors per clip that are quantised (1 or T), C channels, D code dimension, G chunks.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import torch
from torch import Tensor, nn

from cmg.losses.infonce import infonce
from cmg.methods import semantic
from cmg.methods.base import Method
from cmg.methods.draws import draw_mask
from cmg.methods.turn.config import TURNConfig
from cmg.methods.turn.mask_predict import MaskPredict
from cmg.methods.turn.masked_l1 import masked_l1
from cmg.methods.turn.product import ProductVQ
from cmg.methods.turn.vector_quantisation import vector_quantisation
from cmg.methods.types import Batch, Codes, Draws, Fit, LossTerms, modalities_of
from cmg.nn.distributed import shard
from cmg.nn.encoders import Level
from cmg.quantizers.codebook import Quantized, monitors


class TURN(Method):
    """G codebooks of K/G codes of D/G numbers, shared by the modalities and trained by gradient."""

    Config = TURNConfig

    def __init__(self, config: TURNConfig) -> None:
        super().__init__()
        self.config = c = config
        dim = c.embedding_dim
        self.modalities = modalities_of(c.modalities)
        self.encoder = semantic.encoders(c, self.modalities)
        self.quantizer = ProductVQ(c.codebook_size, dim, c.chunks, self.modalities, c.start)
        sizes = (c.decoder_layers, c.heads, c.feedforward, c.dropout)
        widths = self.encoder.widths if c.losses.restore else {}
        self.decoders = nn.ModuleDict({m: MaskPredict(channels, dim, *sizes) for m, channels in widths.items()})

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """The seconds of every modality that its decoder sees."""
        return replace(
            Draws(),
            masks={m: draw_mask(generator, batch_size, seconds, self.config.mask_ratio) for m in self.modalities},
        )

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Contrast, code loss and restoration with their weights; `fit` is not called."""
        c, dtype = self.config, self.quantizer.embedding.dtype  # losses are not taken in half precision
        x = semantic.inputs(self.encoder, batch)
        z = {m: self.encoder(m, x[m]).to(dtype) for m in self.modalities}
        if self.training:
            self.quantizer.start(z)
        means = {m: value.mean(dim=1, keepdim=True) for m, value in z.items()}
        source = means if c.quantise == "clip" else z
        quantized = self.quantizer(source)
        terms: dict[str, Tensor] = {}
        with torch.autocast(batch.audio.device.type, enabled=False):
            if c.losses.contrast:
                pairs = permutations(self.modalities, 2)
                terms["contrast"] = c.contrast_weight * sum(
                    infonce(means[m][:, 0], means[n][:, 0], c.tau) for m, n in pairs
                )
            if c.losses.code:
                codes = [vector_quantisation(source[m], quantized.hard[m], c.beta) for m in self.modalities]
                terms["code"] = c.code_weight * torch.stack(codes).sum()
        if c.losses.restore:
            terms |= self._restore(x, quantized, draws)
        return LossTerms(terms, monitors(quantized))

    def _restore(self, x: dict[str, Tensor], quantized: Quantized, draws: Draws) -> dict[str, Tensor]:
        """L1 at the hidden seconds of each modality, summed over the modalities whose code helps to restore it."""
        c, terms = self.config, {}
        for n in self.modalities:
            target = (x[n].mean(dim=(2, 3)) if n == "video" else x[n]).detach()
            keep = shard(draws.masks[n], target.shape[0]).to(target.device)
            sources = [m for m in self.modalities if m != n or c.self_restore]
            restored = [self.decoders[n](target, keep, quantized.straight[m]).to(target.dtype) for m in sources]
            terms[f"restore_{n}"] = c.restore_weight * sum(masked_l1(r, target, draws.masks[n]) for r in restored)
        return terms

    def codebooks(self) -> list[Tensor]:
        """G codebooks [K/G,D/G], in the order of the chunks."""
        return list(self.quantizer.embedding.detach())

    def health(self) -> dict[str, float]:
        """Of the choices since the last call, codes of all chunks side by side: see `Method.health`."""
        return self.quantizer.health(self.quantizer.embedding)

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Codes:
        """A code per chunk and second, or word slot of text, [B,T,G]; `level="clip"`: per clip [B,1,G]."""
        return Codes(indices=self.quantizer.nearest(self.encoder.encode(modality, features, mask, level)))
