"""Attention of a feature map to a query over all positions and seconds of a clip (TPAVI), the query's branch alone.

Axes: B clips, T seconds, H W positions, C channels, c = C/2, Q query dimension. Source: facts on CoDAAR, section 6.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class QueryAttention(nn.Module):
    """Map + what its positions attend to in the query; normalised over channels.

    y_p = sum over positions q of (theta_p . phi_q) g_q / N, N = T H W, without a softmax. So phi and g are summed up
    first: a c x c matrix per clip stands where released code builds one of N x N. The query is the same at every
    position of a second, so phi is taken per second. The last normalisation starts at zero: at first the map passes as
    it is.
    """

    def __init__(self, query: int, channels: int = 256) -> None:
        super().__init__()
        inner = channels // 2
        self.align = nn.Linear(query, channels)
        self.phi = nn.Linear(channels, inner)
        self.theta, self.g = nn.Conv2d(channels, inner, 1), nn.Conv2d(channels, inner, 1)
        self.back, self.scale = nn.Conv2d(inner, channels, 1), nn.BatchNorm2d(channels)
        self.norm = nn.LayerNorm(channels)
        nn.init.zeros_(self.scale.weight)

    def forward(self, x: Tensor, query: Tensor) -> Tensor:
        """[B*T,C,H,W] and [B,T,Q] -> [B*T,C,H,W]."""
        clips = query.shape[:2]
        phi, g = self.phi(self.align(query)), self.g(x).sum(dim=(2, 3)).unflatten(0, clips)
        positions = clips[1] * x.shape[2] * x.shape[3]
        mixed = torch.einsum("btc,btd->bcd", phi, g) / positions
        y = torch.einsum("btchw,bcd->btdhw", self.theta(x).unflatten(0, clips), mixed).flatten(0, 1)
        attended = x + self.scale(self.back(y))
        return self.norm(attended.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
