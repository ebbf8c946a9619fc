"""L1 distance at the seconds that were hidden. Axes: B clips, T seconds, C channels."""

from __future__ import annotations

import torch
from torch import Tensor

from cmg.nn.checks import check_alike
from cmg.nn.distributed import shard, world


def masked_l1(x: Tensor, target: Tensor, keep: Tensor) -> Tensor:
    """Mean absolute error over the seconds where `keep` is False; x, target [B,T,C], `keep` [B of all processes,T] bool
    -> [].

    Zero where nothing is hidden. Divided by what is hidden in the global batch, so that processes with unequal shares
    average right.
    """
    check_alike("masked_l1", x=x, target=target)
    hidden = ~shard(keep, x.shape[0]).to(x.device)
    distance = ((x.to(torch.promote_types(x.dtype, torch.float32)) - target).abs().mean(dim=-1) * hidden).sum()
    return distance * world()[1] / (~keep).sum().clamp(min=1)
