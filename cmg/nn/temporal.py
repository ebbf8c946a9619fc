"""Temporal block: a linear map and post-norm transformer encoder layers over the seconds (or words) of a clip.

Axes: B clips, T seconds or words, C input channels, D model width.
"""

from __future__ import annotations

from torch import Tensor, nn


class TemporalBlock(nn.Module):
    """Internal temporal relation: Linear C->D, then `layers` encoder layers, without positional encoding or final norm.

    Permutation-equivariant in time. The layers run with time first, so that a seed draws the dropout masks that the
    release draws.
    Source: facts on FCID 1.3 (one layer), DCID and CoDAAR (two layers).
    """

    def __init__(
        self, channels: int, dim: int = 256, layers: int = 1, heads: int = 4, hidden: int = 1024, dropout: float = 0.1
    ) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(dim, heads, hidden, dropout)
        self.affine_matrix = nn.Linear(channels, dim)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """[B,T,C] -> [B,T,D]; `mask` [B,T] bool is True at real steps, others are not attended to.

        A row without any real step attends to all of its steps, so that it stays finite.
        """
        hidden = self.affine_matrix(features).transpose(0, 1)
        if mask is None:
            return self.encoder(hidden).transpose(0, 1)
        real = mask | ~mask.any(dim=1, keepdim=True)
        return self.encoder(hidden, src_key_padding_mask=~real).transpose(0, 1)


def masked_mean(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean over axis 1 of [B,T,D], over the steps where `mask` [B,T] is True; a row without any gives zeros."""
    if mask is None:
        return x.mean(dim=1)
    weight = mask.to(x.dtype).unsqueeze(-1)
    return (x * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
