"""Cross-modal code matching, CMCM (Liu et al. 2021; CoDAAR supplement Eq. 11). Not in the FCID paper; in its release.

Axes: B clips, T seconds, D code dimension, K codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor

from cmg.nn.checks import check_axes
from cmg.nn.distributed import gather, world
from cmg.nn.sums import added

FLOOR = 1e-12  # smallest squared distance under the square root when it is protected
LOG_EPSILON = 1e-10
SUM_EPSILON = 1e-5


def code_usage(x: Tensor, codebook: Tensor, protect: bool = True) -> Tensor:
    """P [B,K]: softmax over codes of -distance (not squared), averaged over time. x [B,T,D], codebook [K,D].

    `protect` keeps the squared distance above a floor: where a feature equals a code, rounding makes it zero or
    negative and the square root or its gradient is not a number, which the release lets happen.
    """
    check_axes("code usage", "[B] [T] D", x=x, codebook=codebook.unsqueeze(0))
    squared = codebook.square().sum(dim=1) + x.square().sum(dim=-1, keepdim=True) - 2 * x @ codebook.T
    distance = (squared.clamp(min=FLOOR) if protect else squared).sqrt()
    return (-distance).softmax(dim=-1).mean(dim=1)


def code_matching(p: Tensor, q: Tensor, transposed: bool = False) -> Tensor:
    """-mean_i log(exp S_ii / (sum_j exp S_ij + 1e-5)), rows only, with scores shifted so that the smallest is zero; p,
    q [B,K] -> [].

    S_ij = <p_i, log q_j> + <q_j, log p_i> as published; `transposed` gives <p_i, log q_j> + <q_i, log p_j>, the
    released form, with the same diagonal and other negatives.
    """
    check_axes("code matching", "B K", p=p, q=q)
    all_p, all_q = gather(p), gather(q)
    forward = p @ (all_q + LOG_EPSILON).log().T
    backward = q @ (all_p + LOG_EPSILON).log().T if transposed else (p + LOG_EPSILON).log() @ all_q.T
    scores = forward + backward
    shifted = (scores - gather(scores).min()).exp()
    own = torch.arange(p.shape[0], device=p.device)
    positive = shifted[own, own + world()[0] * p.shape[0]]
    return -(positive / (shifted.sum(dim=1) + SUM_EPSILON)).log().mean()


def paired_code_matching(usage: Mapping[str, Tensor], transposed: bool = False) -> Tensor:
    """Sum of `code_matching` over the unordered pairs of modalities, the earlier one first; usage: modality ->
    [B,K]."""
    return added(code_matching(p, q, transposed) for p, q in combinations(usage.values(), 2))
