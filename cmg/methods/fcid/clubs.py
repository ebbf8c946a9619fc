"""FCID's CLUB nets: the mutual information of general and specific features, fine and coarse (Eqs. 11, 12, 15).

Axes: B clips, T seconds, D code dimension.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from cmg.losses.club import CLUB, club_bound, unit
from cmg.methods.fcid.config import FCIDConfig
from cmg.methods.types import Draws
from cmg.nn.sums import added

Pairs = dict[str, tuple[Tensor, Tensor]]


class Clubs(nn.ModuleDict):
    """A net by name for every pair of general x and specific y whose mutual information is reduced.

    widths: of y; stacked: how many streams "audiovisual" holds, one after the other along B.
    """

    def __init__(self, config: FCIDConfig, widths: dict[str, int], stacked: int) -> None:
        nets = {name: CLUB(config.embedding_dim, width, config.club_hidden) for name, width in widths.items()}
        super().__init__(nets)
        self.config, self.stacked = config, stacked

    def net(self, name: str) -> CLUB:
        """The net of this name."""
        return cast(CLUB, self[name])

    def taken(self, given: Pairs) -> Pairs:
        """Pairs that have a net, as it takes them: [B,.] where there is one vector per clip, y in the units of
        `club_units`."""
        scaled = unit if self.config.club_units == "unit" else nn.Identity()
        return {
            name: (x.squeeze(1), scaled(y.to(x.dtype).squeeze(1))) for name, (x, y) in given.items() if name in self
        }

    def loss(self, pairs: Pairs) -> Tensor:
        """Negative log-likelihood of detached features, summed: each net sees its own gradient only."""
        with torch.autocast(next(self.parameters()).device.type, enabled=False):
            return -added(self.net(name).log_likelihood(x.detach(), y.detach()) for name, (x, y) in pairs.items())

    def bound(self, name: str, x: Tensor, y: Tensor, draws: Draws) -> Tensor:
        """Eqs. 12 and 15. Clip-level pairs [B,D] have an axis of seconds only where the released estimate averages over
        one."""
        c = self.config
        if x.ndim == 2 and c.club_estimate == "released" and c.club_clip_axis == "seconds":
            x, y = x.unsqueeze(1), y.unsqueeze(1)
        stacked, permutation = self.stacked if name == "audiovisual" else 1, draws.permutations.get(name)
        return club_bound(c.club_estimate, self.net(name), x, y, permutation, stacked, c.club_features, c.club_floor)
