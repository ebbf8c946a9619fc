"""Mask-predict decoder: hidden seconds of one modality are restored from its visible seconds and a code of some
modality (TURN).

Axes: B clips, T seconds, S codes per clip, C channels, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MaskPredict(nn.Module):
    """Linear C->D, a learned vector in place of hidden seconds, sinusoidal positions, transformer decoder over codes,
    Linear D->C."""

    def __init__(
        self, channels: int, dim: int, layers: int = 2, heads: int = 4, hidden: int = 1024, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.affine = nn.Linear(channels, dim)
        self.blank = nn.Parameter(torch.zeros(dim))
        layer = nn.TransformerDecoderLayer(dim, heads, hidden, dropout, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, layers)
        self.out = nn.Linear(dim, channels)

    def forward(self, x: Tensor, keep: Tensor, codes: Tensor) -> Tensor:
        """x [B,T,C]; `keep` [B,T] bool, False at hidden seconds, whose values are not read; codes [B,S,D] ->
        [B,T,C]."""
        shown = torch.where(keep.unsqueeze(-1), self.affine(x), self.blank)
        places = positions(x.shape[1], codes.shape[-1], shown.device).to(shown.dtype)
        return self.out(self.decoder(shown + places, codes.to(shown.dtype)))


def positions(seconds: int, dim: int, device: torch.device | None = None) -> Tensor:
    """Sines at even and cosines at odd places, wavelengths from 2 pi to 20,000 pi (Vaswani et al. 2017): [T,D]
    float32."""
    place = torch.arange(dim, device=device)
    rate = 10_000 ** (-(place // 2 * 2) / dim)
    angle = torch.arange(seconds, device=device).unsqueeze(1) * rate
    return torch.where(place % 2 == 0, angle.sin(), angle.cos())
