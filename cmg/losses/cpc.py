"""Contrastive Predictive Coding between modalities (FCID Eq. 13).

Axes: R horizon, B clips, D width. Logits are plain inner products: no normalisation, no temperature.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.distributed import gather, world

Candidates = Literal["targets", "predictions"]


def cpc(predictions: Tensor, targets: Tensor, candidates: Candidates = "targets") -> Tensor:
    """-mean over r and clips of log softmax at the own clip; predictions W_r o_t and targets f_(t+r), both [R,B,D] -> [].

    The positive is in the denominator, the negatives are the other clips of the batch at the same second.
    `candidates="targets"`: a prediction chooses among targets (Eq. 13). `"predictions"`: a target chooses among predictions (release).
    """
    chooser, among = (predictions, targets) if candidates == "targets" else (targets, predictions)
    steps, clips = chooser.shape[:2]
    everyone = gather(among.transpose(0, 1)).transpose(0, 1)
    logits = chooser @ everyone.transpose(1, 2)  # [R,B,B of all processes]
    own = torch.arange(clips, device=logits.device) + world()[0] * clips
    return F.cross_entropy(logits.flatten(0, 1), own.repeat(steps))


def cpc_accuracy(predictions: Tensor, targets: Tensor, candidates: Candidates = "targets") -> Tensor:
    """Share of clips of this process whose own candidate scores highest; [R,B,D] twice -> []."""
    chooser, among = (predictions, targets) if candidates == "targets" else (targets, predictions)
    best = (chooser @ among.transpose(1, 2)).argmax(dim=-1)
    return (best == torch.arange(chooser.shape[1], device=best.device)).float().mean()
