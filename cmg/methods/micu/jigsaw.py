"""CUJP, cross-modal unified jigsaw puzzles (MICU): in which order do the pieces of a code stand, whatever modalities
they come from?

Axes: B clips, T seconds, D code dimension, P pieces, O = P! orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Jigsaw(nn.Module):
    """A two-layer classifier of the orders; order 0 is the original one. ValueError where D is no multiple of P."""

    def __init__(self, dim: int, pieces: int = 2, hidden: int = 512) -> None:
        super().__init__()
        if dim % pieces:
            raise ValueError(f"jigsaw: expected a code dimension that is a multiple of {pieces} pieces, found {dim}")
        self.orders = list(permutations(range(pieces)))
        self.classify = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, len(self.orders)))

    def forward(self, codes: Mapping[str, Tensor], sources: Tensor) -> Tensor:
        """Cross-entropy over the O B T shuffled codes; codes: modality -> [B,T,D], `sources` [P] int64: piece p is of
        that modality."""
        everyone = list(codes.values())
        pieces = len(sources)
        mixed = [everyone[m].chunk(pieces, dim=-1)[p] for p, m in enumerate(sources.tolist())]
        shuffled = torch.stack([torch.cat([mixed[p] for p in order], dim=-1) for order in self.orders])  # [O,B,T,D]
        logits = self.classify(shuffled).flatten(0, 2)
        order = torch.arange(len(self.orders), device=logits.device).repeat_interleave(shuffled[0, ..., 0].numel())
        return F.cross_entropy(logits, order)
