"""InfoNCE with cosine similarity (FCID Eq. 16): among clips, among clips at the same second, among the seconds of a clip.

One direction each: the query chooses among the keys. Axes: B clips, T seconds, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.distributed import gather, world


def infonce(query: Tensor, key: Tensor, tau: float) -> Tensor:
    """-mean_i log softmax_j(cos(query_i, key_j) / tau) at j = i, one direction; query, key [B,D] -> []."""
    logits = F.normalize(query, dim=-1) @ F.normalize(gather(key), dim=-1).T / tau
    own = torch.arange(query.shape[0], device=query.device) + world()[0] * query.shape[0]
    return F.cross_entropy(logits, own)


def infonce_by_second(query: Tensor, key: Tensor, tau: float) -> Tensor:
    """`infonce` at every second on its own, mean over the seconds; query, key [B,T,D] -> []."""
    logits = torch.einsum("btd,ctd->tbc", F.normalize(query, dim=-1), F.normalize(gather(key), dim=-1)) / tau
    own = torch.arange(query.shape[0], device=query.device) + world()[0] * query.shape[0]
    return F.cross_entropy(logits.flatten(0, 1), own.repeat(query.shape[1]))


def infonce_within(query: Tensor, key: Tensor, tau: float) -> Tensor:
    """Second t of a clip's query chooses among the T seconds of its key, mean over clips and seconds; query, key [B,T,D] -> []."""
    logits = F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).transpose(1, 2) / tau  # [B,T,T]
    own = torch.arange(query.shape[1], device=query.device).repeat(query.shape[0])
    return F.cross_entropy(logits.flatten(0, 1), own)
