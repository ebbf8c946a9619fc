"""FCMI, fine-coarse masked multimodal InfoNCE (MICU): some seconds of the query are zeroed, the keys stay whole.

Axes: B clips, T seconds, D width.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from cmg.losses.infonce import infonce, infonce_within


def masked_infonce(z: Mapping[str, Tensor], keep: Tensor, tau: float) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Fine and coarse terms of every ordered pair of modalities, each also with itself; z: modality -> [B,T,D], `keep`
    [B,T] bool.

    Fine: among the seconds of a clip. Coarse: among the clips of the global batch, by time means in which a masked
    second counts as zero. A masked second has no direction: its fine logits are all zero. Keys are "<query>_<key>".
    Source: facts on MICU 4.1.
    """
    masked = {m: x * keep.unsqueeze(-1).to(x.dtype) for m, x in z.items()}
    pairs = [(q, k) for q in z for k in z]
    fine = {f"{q}_{k}": infonce_within(masked[q], z[k], tau) for q, k in pairs}
    coarse = {f"{q}_{k}": infonce(masked[q].mean(dim=1), z[k].mean(dim=1), tau) for q, k in pairs}
    return fine, coarse
