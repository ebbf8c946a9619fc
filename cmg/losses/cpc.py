"""Contrastive Predictive Coding between modalities (FCID Eq. 13).

Axes: R horizon, B clips, D width. Logits are plain inner products: no normalisation, no temperature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.checks import check_axes, check_names, check_option
from cmg.nn.distributed import gather, world
from cmg.nn.sums import added

Candidates = Literal["targets", "predictions"]


def cpc(predictions: Tensor, targets: Tensor, candidates: Candidates = "targets") -> Tensor:
    """-mean over r and clips of log softmax at the own clip; predictions W_r o_t and targets f_(t+r), both [R,B,D] ->
    [].

    The positive is in the denominator, the negatives are the other clips of the batch at the same second.
    `candidates="targets"`: a prediction chooses among targets (Eq. 13). `"predictions"`: a target chooses among
    predictions (release).
    """
    check_option("cpc: candidates", candidates, Candidates)
    check_axes("cpc", "R B D", predictions=predictions, targets=targets)
    chooser, among = (predictions, targets) if candidates == "targets" else (targets, predictions)
    steps, clips = chooser.shape[:2]
    everyone = gather(among.transpose(0, 1)).transpose(0, 1)
    logits = chooser @ everyone.transpose(1, 2)  # [R,B,B of all processes]
    own = torch.arange(clips, device=logits.device) + world()[0] * clips
    return F.cross_entropy(logits.flatten(0, 1), own.repeat(steps))


def cross_cpc(
    predictions: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    self_weight: float = 0.0,
    candidates: Candidates = "targets",
) -> Tensor:
    """Sum of `cpc` over all ordered pairs of modalities, weight 1, and over each modality with itself, weight
    `self_weight`.

    predictions and targets: modality -> [R,B,D].
    """
    check_names("cross_cpc", predictions=predictions, targets=targets)
    weights = {(m, n): 1.0 if m != n else self_weight for m in predictions for n in targets}
    return added(w * cpc(predictions[m], targets[n], candidates) for (m, n), w in weights.items() if w)
