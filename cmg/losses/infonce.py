"""InfoNCE (FCID Eq. 16) by cosines, or by inner products: among clips, among clips at the same second, among the
seconds of a clip.

One direction each: the query chooses among the keys. Axes: B clips, T seconds, D width.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.checks import check_axes, check_number, check_option
from cmg.nn.distributed import gather, world

Similarity = Literal["cosine", "dot"]


def infonce(
    query: Tensor, key: Tensor, tau: float, more: Tensor | None = None, similarity: Similarity = "cosine"
) -> Tensor:
    """-mean_i log softmax_j(sim(query_i, key_j) / tau) at j = i, one direction; query, key [B,D] -> [].

    `more` [Q,D]: further keys, the same in all processes, that match no query. similarity: cosine, or the inner product
    ("dot").
    """
    check_option("infonce: similarity", similarity, Similarity)
    check_axes("infonce", "B D", query=query, key=key)
    check_number("infonce: tau", tau, 0)
    if more is not None:
        check_axes("infonce", "[Q] D", key=key, more=more)
    keys = gather(key) if more is None else torch.cat([gather(key), more])
    if similarity == "cosine":
        query, keys = F.normalize(query, dim=-1), F.normalize(keys, dim=-1)
    logits = query @ keys.T / tau
    own = torch.arange(query.shape[0], device=query.device) + world()[0] * query.shape[0]
    return F.cross_entropy(logits, own)


def infonce_by_second(query: Tensor, key: Tensor, tau: float) -> Tensor:
    """`infonce` at every second on its own, mean over the seconds; query, key [B,T,D] -> []."""
    check_axes("infonce_by_second", "B T D", query=query, key=key)
    check_number("infonce_by_second: tau", tau, 0)
    logits = torch.einsum("btd,ctd->tbc", F.normalize(query, dim=-1), F.normalize(gather(key), dim=-1)) / tau
    own = torch.arange(query.shape[0], device=query.device) + world()[0] * query.shape[0]
    return F.cross_entropy(logits.flatten(0, 1), own.repeat(query.shape[1]))


def infonce_within(query: Tensor, key: Tensor, tau: float) -> Tensor:
    """Second t of a clip's query chooses among the T seconds of its key, mean over clips and seconds; query, key
    [B,T,D] -> []."""
    check_axes("infonce_within", "B T D", query=query, key=key)
    check_number("infonce_within: tau", tau, 0)
    logits = F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).transpose(1, 2) / tau  # [B,T,T]
    own = torch.arange(query.shape[1], device=query.device).repeat(query.shape[0])
    return F.cross_entropy(logits.flatten(0, 1), own)
