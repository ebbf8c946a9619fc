"""InfoNCE with cosine similarity (FCID Eq. 16). Axes: B clips, D width."""

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
