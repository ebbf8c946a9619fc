"""SimMMDG: shared and specific halves without a codebook (Dong et al., NeurIPS 2023), as a row of the CMG tables.

Every modality has a shared and a specific half per second. Shared halves of a clip attract each other, the two halves
of a modality are pushed apart, and every modality's whole embedding is translated into every other's. Downstream tasks
see the shared half as it is. docs/methods/simmmdg.md tells what is the original's from what is our choice.

Axes: B clips, T seconds, V modalities, D width of a half.
"""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cmg.methods import semantic
from cmg.methods.base import Method
from cmg.methods.simmmdg.config import SimMMDGConfig
from cmg.methods.simmmdg.mlp import ProjectionHead, Translator
from cmg.methods.simmmdg.supcon import supcon
from cmg.methods.simmmdg.translation import translation
from cmg.methods.types import Batch, Codes, Draws, Fit, LossTerms, modalities_of
from cmg.nn.distributed import gather, world
from cmg.nn.encoders import Level
from cmg.nn.temporal import TemporalBlock


class SimMMDG(Method):
    """A shared and a specific half of D numbers per modality and second; no codebook, so `encode` gives vectors."""

    Config = SimMMDGConfig

    def __init__(self, config: SimMMDGConfig) -> None:
        super().__init__()
        self.config = c = config
        dim = c.embedding_dim
        self.modalities = modalities_of(c.modalities)
        self.encoder = semantic.encoders(c, self.modalities)
        block = (dim, c.layers, c.heads, c.feedforward, c.dropout)
        blocks = c.halves == "blocks"
        self.shared = nn.ModuleDict({m: nn.Identity() if blocks else nn.Linear(dim, dim) for m in self.modalities})
        widths = self.encoder.widths
        self.specific = nn.ModuleDict(
            {m: TemporalBlock(widths[m], *block) if blocks else nn.Linear(dim, dim) for m in widths}
        )
        heads = {"own": self.modalities, "common": ("common",), "none": ()}[c.projection]
        self.project = nn.ModuleDict({name: ProjectionHead(dim, c.width, c.projection_dim) for name in heads})
        pairs = permutations(self.modalities, 2)
        self.translate = nn.ModuleDict(
            {f"{m}_{n}": Translator(2 * dim, c.width, 2 * dim, c.translation_dropout) for m, n in pairs}
        )

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Contrast, distance and translation with their weights; `fit` is not called."""
        c = self.config
        halves = {m: self._halves(m, x) for m, x in semantic.inputs(self.encoder, batch).items()}
        with torch.autocast(batch.audio.device.type, enabled=False):
            dtype = batch.audio.dtype
            halves = {m: (shared.to(dtype), specific.to(dtype)) for m, (shared, specific) in halves.items()}
            terms = {"contrast": c.contrast_weight * self._contrast(halves, batch)} if c.losses.contrast else {}
            if c.losses.distance:
                terms["distance"] = (
                    -c.distance_weight * sum(F.mse_loss(*pair) for pair in halves.values()) / len(halves)
                )
            if c.losses.translation:
                terms["translation"] = c.translation_weight * self._translation(halves)
        return LossTerms(terms)

    def _halves(self, modality: str, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shared and specific half, each [B,T,D]."""
        z = self.encoder(modality, x)
        if self.config.halves == "linear":
            return self.shared[modality](z), self.specific[modality](z)
        return z, self.specific[modality](self.encoder.pool(x) if modality == "video" else x)

    def _contrast(self, halves: dict[str, tuple[Tensor, Tensor]], batch: Batch) -> Tensor:
        """Between the time means of the shared halves of clips with one label."""
        views = {m: shared.mean(dim=1) for m, (shared, _) in halves.items()}
        if self.config.projection == "own":
            views = {m: self.project[m](x) for m, x in views.items()}
        stacked = torch.stack(list(views.values()), dim=1)  # [B,V,D]
        if self.config.projection == "common":
            stacked = self.project["common"](stacked.flatten(0, 1)).unflatten(0, stacked.shape[:2])
        return supcon(stacked, self._same(batch), self.config.tau, self.config.base_tau)

    def _same(self, batch: Batch) -> Tensor:
        """[B,B of all processes] bool: clips with the same label."""
        if self.config.labels == "sentence":
            return (batch.text.flatten(1).unsqueeze(1) == gather(batch.text).flatten(1)).all(dim=-1)
        rank, processes = world()
        clips = torch.arange(batch.size * processes, device=batch.audio.device)
        return clips[rank * batch.size : (rank + 1) * batch.size].unsqueeze(1) == clips

    def _translation(self, halves: dict[str, tuple[Tensor, Tensor]]) -> Tensor:
        """Of whole embeddings per second, mean over the ordered pairs of modalities."""
        whole = {m: torch.cat(pair, dim=-1) for m, pair in halves.items()}
        losses = [
            translation(self.translate[f"{m}_{n}"](whole[m]), whole[n]) for m, n in permutations(self.modalities, 2)
        ]
        return torch.stack(losses).mean()

    def codebooks(self) -> list[Tensor]:
        """None: `encode` gives vectors."""
        return []

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Codes:
        """Shared half per second, or per word slot of text, [B,T,D]; `level="clip"`: its time mean [B,1,D]."""
        return Codes(vectors=self.shared[modality](self.encoder.encode(modality, features, mask, level)))
