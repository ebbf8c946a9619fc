"""Supervised contrastive loss over several views of every clip (Khosla et al. 2020, as SimMMDG uses it).

Axes: B clips, V views (modalities), D width.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.distributed import gather, world


def supcon(views: Tensor, same: Tensor, tau: float = 0.1, base_tau: float = 0.07) -> Tensor:
    """Mean over anchors of -tau / base_tau times the mean over their positives of log softmax(cos / tau); views [B,V,D]
    -> [].

    `same` [B,B of all processes] bool: which clips have the anchor's label, itself included. Positives of a view of a
    clip are all views of those clips but itself, and it chooses among all views of all clips but itself. With the
    identity as `same`, a clip's positives are its own other views.
    """
    clips, number = views.shape[:2]
    everyone = F.normalize(gather(views), dim=-1).flatten(0, 1)  # [B of all V,D]
    anchors = F.normalize(views, dim=-1).flatten(0, 1)  # [B V,D]
    logits = anchors @ everyone.T / tau
    itself = torch.arange(len(anchors), device=views.device) + world()[0] * len(anchors)
    other = torch.ones_like(logits, dtype=torch.bool).scatter_(1, itself.unsqueeze(1), False)
    positive = same.repeat_interleave(number, dim=0).repeat_interleave(number, dim=1) & other
    log_share = logits - logits.masked_fill(~other, float("-inf")).logsumexp(dim=1, keepdim=True)
    return -tau / base_tau * ((log_share * positive).sum(dim=1) / positive.sum(dim=1)).mean()
