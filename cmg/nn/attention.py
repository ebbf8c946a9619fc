"""Channel and spatial attention that pools a 7x7 map of video features into one vector per second.

Axes: B clips, T seconds, H W 7x7 positions (P = H*W = 49), C channels.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from cmg.nn.checks import check_option

Spatial = Literal["softmax", "inert"]


class ChannelSpatialAttention(nn.Module):
    """[B,T,H,W,C] -> [B,T,C].

    Channel gate c = sigmoid(W2 relu(W1 mean(x))) gives y = (1 + c) x. `spatial="softmax"` returns the
    attention-weighted sum of y over the 49 positions, score = tanh(w (relu(A y) * relu(B mean(x)))). `spatial="inert"`
    is the released code, whose softmax runs over an axis of length one: every weight is 1 and the result is the plain
    sum. Its three spatial layers exist, so that released weights load, and never get a gradient.
    """

    def __init__(
        self,
        channels: int = 512,
        bottleneck: int = 64,
        hidden: int = 256,
        positions: int = 49,
        spatial: Spatial = "softmax",
    ) -> None:
        check_option("spatial", spatial, Spatial)
        super().__init__()
        self.positions = positions
        self.spatial = spatial
        squeeze, excite = nn.Linear(channels, bottleneck, bias=False), nn.Linear(bottleneck, channels, bias=False)
        self.se_layer = nn.Sequential(squeeze, nn.ReLU(), excite, nn.Sigmoid())
        self.affine_video_ave = nn.Linear(channels, hidden)
        self.affine_video_self = nn.Linear(channels, hidden)
        self.ave_v_att = nn.Linear(hidden, 1)

    def forward(self, video: Tensor) -> Tensor:
        """`video` [B,T,H,W,C]; with inert attention also the per-second spatial means [B,T,C], which carry all that is
        used."""
        if video.ndim == 3:
            return self._from_means(video)
        x = video.flatten(2, 3)  # [B,T,P,C]
        mean = x.mean(dim=2)
        if self.spatial == "inert":
            return self._from_means(mean)
        gated = x * (1 + self.se_layer(mean)).unsqueeze(2)
        return torch.einsum("btp,btpc->btc", self.weights(gated, mean), gated)

    def gated(self, video: Tensor) -> Tensor:
        """The map after the channel gate alone, y [B,T,H,W,C]."""
        return video * (1 + self.se_layer(video.mean(dim=(2, 3))))[:, :, None, None]

    def weights(self, gated: Tensor, mean: Tensor) -> Tensor:
        """Spatial attention [B,T,P], summing to one over the positions; `gated` [B,T,P,C], `mean` [B,T,C]."""
        query = self.affine_video_ave(mean).relu().unsqueeze(2)
        score = self.ave_v_att(self.affine_video_self(gated).relu() * query).tanh()
        return score.squeeze(-1).softmax(dim=-1)

    def _from_means(self, mean: Tensor) -> Tensor:
        if self.spatial != "inert":
            raise ValueError(
                f"spatial attention needs the map [B,T,7,7,C], found {tuple(mean.shape)}; "
                "give the features before spatial averaging"
            )
        return self.positions * mean * (1 + self.se_layer(mean))
