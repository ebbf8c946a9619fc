"""Multi-layer perceptrons over vectors, used in training only. Axes: N rows, C input width, H hidden width, D output
width."""

from __future__ import annotations

from torch import Tensor, nn

from cmg.nn.distributed import gather, shard


class Translator(nn.Module):
    """[...,C] -> [...,D]: two hidden layers with ReLU, dropout before the last layer."""

    def __init__(self, channels: int, hidden: int, out: int, dropout: float = 0.5) -> None:
        super().__init__()
        first, second = nn.Linear(channels, hidden), nn.Linear(hidden, hidden)
        self.layers = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, out))

    def forward(self, x: Tensor) -> Tensor:
        """[...,C] -> [...,D]."""
        return self.layers(x)


class ProjectionHead(nn.Module):
    """[N,C] -> [N,D]: two hidden layers, each with batch normalisation and ReLU, the statistics over the global
    batch."""

    def __init__(self, channels: int, hidden: int, out: int = 128) -> None:
        super().__init__()
        first, second = nn.Linear(channels, hidden), nn.Linear(hidden, hidden)
        self.layers = nn.Sequential(
            first,
            nn.BatchNorm1d(hidden, track_running_stats=False),
            nn.ReLU(),
            second,
            nn.BatchNorm1d(hidden, track_running_stats=False),
            nn.ReLU(),
            nn.Linear(hidden, out),
        )

    def forward(self, x: Tensor) -> Tensor:
        """This process's rows [N,C] -> [N,D]."""
        return shard(self.layers(gather(x)), x.shape[0])
