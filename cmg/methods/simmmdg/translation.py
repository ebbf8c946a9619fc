"""How far a translated embedding is from the true one (SimMMDG)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from cmg.nn.checks import check_alike


def translation(translated: Tensor, target: Tensor) -> Tensor:
    """Mean Euclidean distance between directions: both are L2-normalised, the target is not detached; [...,D] twice ->
    []."""
    check_alike("translation", translated=translated, target=target)
    return (F.normalize(translated, dim=-1) - F.normalize(target, dim=-1)).norm(dim=-1).mean()
