"""How well the codes of two modalities match at the same index: a monitor of CoDAAR's codebooks, not a loss term.

Axes: K codes, D code dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from cmg.losses.infonce import infonce


@torch.no_grad()
def segment_contrast(parts: Sequence[Tensor], tau: float = 0.1) -> Tensor:
    """Half the mean over pairs (earlier one as query) of InfoNCE between codes of the same index; parts: M codebooks [K,D] -> []."""
    pairs = [infonce(x, y, tau) for x, y in combinations(parts, 2)]
    return 0.5 * sum(pairs) / len(pairs)
