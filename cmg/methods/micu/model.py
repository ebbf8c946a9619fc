"""MICU: masked multimodal InfoNCE and cross-modal jigsaw puzzles for open-set cross-modal generalization (ICCV 2025).

DCID's encoders, codebook and decoders without CLUB, CPC and code matching. Instead, general features of every two
modalities are aligned among the seconds of a clip and among clips with parts of the query masked (FCMI), and codes are
mixed from pieces of several modalities whose order a classifier tells (CUJP). `MICUConfig` names every option in which
`variant: paper`, our reading, and
`variant: release` differ; docs/methods/micu.md gives the reasons.

Axes: B clips, T seconds, L words, D code dimension, S channels of the video-specific map.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from cmg.methods import semantic
from cmg.methods.coded import MixedMethod, mixed_codebook
from cmg.methods.draws import draw, draw_mask
from cmg.methods.micu.config import MICUConfig
from cmg.methods.micu.jigsaw import Jigsaw
from cmg.methods.micu.masked_infonce import masked_infonce
from cmg.methods.types import Batch, Draws, Fit, LossTerms, modalities_of
from cmg.nn.distributed import shard
from cmg.quantizers.codebook import monitors


class MICU(MixedMethod):
    """General and specific features per modality, K codes shared by all, and a classifier of puzzles; options:
    `MICUConfig`."""

    Config = MICUConfig

    def __init__(self, config: MICUConfig) -> None:
        super().__init__()
        self.config = c = config
        self.modalities = modalities_of(c.modalities)
        self.encoder = semantic.encoders(c, self.modalities)
        widths = dict(sorted(self.encoder.widths.items()))  # audio, text, video
        self.specific = nn.ModuleDict(
            {m: semantic.specific_encoder(c, m, channels, c.residual_skip) for m, channels in widths.items()}
        )
        self.quantizer = mixed_codebook(c, self.modalities)
        self.decoders = nn.ModuleDict(
            {m: semantic.decoder(c, m, channels, c.residual_skip) for m, channels in widths.items()}
        )
        self.jigsaw = Jigsaw(c.embedding_dim, c.jigsaw_pieces, c.jigsaw_hidden)

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """Dead-code choices, the mask that all modalities share, and the modality of each piece of the puzzle, in this
        order."""
        c = self.config
        draws = draw(generator, {}, (0, 0), c.codebook_size)
        mask = draw_mask(generator, batch_size, seconds, c.mask_ratio)
        sources = torch.randint(len(self.modalities), (c.jigsaw_pieces,), generator=generator)
        return replace(draws, masks={"query": mask}, choices={"pieces": sources})

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Reconstructions, commitments, FCMI and CUJP, every weight one; `fit` is not called."""
        c, on, encoded = self.config, self.config.losses, self._encode(batch, draws)
        again = encoded if c.forwards == 1 else self._encode(batch, draws)
        terms = semantic.reconstruction(c, self.decoders, again) if on.recon else {}
        with torch.autocast(batch.audio.device.type, enabled=False):
            if on.commit:
                terms |= semantic.commitment(c, again)
            terms |= self._contrast(encoded.z, shard(draws.masks["query"], batch.size))
            if on.jigsaw:
                terms["jigsaw"] = self.jigsaw(encoded.quantized.straight, draws.choices["pieces"])
        return LossTerms(terms, monitors(encoded.quantized))

    def _encode(self, batch: Batch, draws: Draws) -> semantic.Encoded:
        """Encoders, then quantisation with its codebook update (in training mode)."""
        dtype = self.quantizer.embedding.dtype  # losses are not taken in half precision
        x = semantic.inputs(self.encoder, batch)
        z = {m: self.encoder(m, x[m]).to(dtype) for m in self.modalities}
        specific = {m: self.specific[m](x[m]) for m in self.modalities}
        return semantic.Encoded(x, z, specific, self.quantizer(z, draws.reset))

    def _contrast(self, z: dict[str, Tensor], keep: Tensor) -> dict[str, Tensor]:
        """FCMI: the sums over all ordered pairs of modalities, a modality with itself included."""
        on, fine_coarse = self.config.losses, masked_infonce(z, keep.to(z["audio"].device), self.config.tau)
        sums = dict(
            zip(("fine", "coarse"), (torch.stack(list(pairs.values())).sum() for pairs in fine_coarse), strict=True)
        )
        return {f"fcmi_{name}": value for name, value in sums.items() if getattr(on, name)}

    def clip_groups(self) -> dict[str, list[nn.Parameter]]:
        """As the release clips: encoder, text BiLSTM, decoder; the jigsaw classifier where configured."""
        groups = semantic.encoder_groups(self.encoder, self.specific) | {"decoder": list(self.decoders.parameters())}
        return groups | ({"jigsaw": list(self.jigsaw.parameters())} if self.config.clip_jigsaw else {})
