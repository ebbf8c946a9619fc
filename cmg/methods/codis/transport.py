"""Optimal transport between features and prototypes, both with uniform weights (CODIS).

Axes: N features, K prototypes. A plan [N,K] has rows that sum to 1/N and columns that sum to 1/K.
"""

from __future__ import annotations

from math import log

import torch
from torch import Tensor


@torch.no_grad()
def ipot(cost: Tensor, beta: float = 0.5, iterations: int = 50) -> Tensor:
    """Inexact proximal point method (Xie et al. 2020): tends to the plan of least cost as iterations grow; cost [N,K]
    -> [N,K]."""
    rows, columns = cost.shape
    kernel, plan = (-cost / beta).exp(), torch.ones_like(cost)
    sigma = cost.new_full((columns,), 1 / columns)
    for _ in range(iterations):
        proximal = kernel * plan
        delta = 1 / (rows * (proximal @ sigma))
        sigma = 1 / (columns * (delta @ proximal))
        plan = delta.unsqueeze(1) * proximal * sigma
    return plan


@torch.no_grad()
def sinkhorn(cost: Tensor, epsilon: float = 0.05, iterations: int = 3) -> Tensor:
    """The plan of least cost - epsilon entropy, by alternating normalisation in logarithms, rows first; cost [N,K] ->
    [N,K]."""
    rows, columns = cost.shape
    log_plan = -cost / epsilon
    for _ in range(iterations):
        log_plan = log_plan - log_plan.logsumexp(dim=1, keepdim=True) - log(rows)
        log_plan = log_plan - log_plan.logsumexp(dim=0, keepdim=True) - log(columns)
    return log_plan.exp()
