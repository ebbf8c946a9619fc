"""Commitment: pull features to codes that do not move with the gradient (FCID Eq. 18). Any shape, mean over all
elements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor
from torch.nn import functional as F

from cmg.nn.checks import check_alike, check_names


def commitment(
    x: Tensor, own: Tensor, others: Iterable[Tensor] = (), own_weight: float = 1.0, other_weight: float = 0.0
) -> Tensor:
    """own_weight MSE(x, own) + other_weight sum MSE(x, other): codes are detached; the caller multiplies by beta.

    The paper has (1, 0). The release has (2, 0.5), the others being the other modalities' codes of the same clip and
    second.
    """
    others = tuple(others)
    check_alike(
        "commitment", x=x, own=own, **{f"other {number}": other for number, other in enumerate(others, start=1)}
    )
    loss = own_weight * F.mse_loss(x, own.detach())
    for other in others:
        loss = loss + other_weight * F.mse_loss(x, other.detach())
    return loss


def cross_commitment(
    x: Mapping[str, Tensor], codes: Mapping[str, Tensor], own_weight: float, other_weight: float
) -> dict[str, Tensor]:
    """`commitment` of every modality to its own code and to the others' codes of the same clip and second.

    x, codes: modality -> [B,T,D]; a loss [] per modality, in the order of x.
    """
    check_names("cross_commitment", x=x, codes={m: code for m, code in codes.items() if m in x})
    others = {m: [codes[n] for n in x if n != m] for m in x}
    return {m: commitment(x[m], codes[m], others[m], own_weight, other_weight) for m in x}
