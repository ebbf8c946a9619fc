"""How well the codes of two modalities match at the same index: a monitor of CoDAAR's codebooks, not a loss term.

Axes: K codes, D code dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.checks import check_axes
from cmg.nn.sums import added


@torch.no_grad()
def segment_contrast(parts: Sequence[Tensor], tau: float = 0.1) -> Tensor:
    """Half the mean over pairs (earlier one as query) of InfoNCE between codes of the same index; parts: M codebooks
    [K,D] -> []."""
    check_axes("segment contrast", "K D", **{f"codebook {number}": part for number, part in enumerate(parts, start=1)})
    unit = [F.normalize(x, dim=-1) for x in parts]
    same = torch.arange(parts[0].shape[0], device=parts[0].device)
    pairs = [F.cross_entropy(x @ y.T / tau, same) for x, y in combinations(unit, 2)]
    return 0.5 * added(pairs) / len(pairs)
