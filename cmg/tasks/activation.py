"""Which modality uses which code (the paper's Figures 6 and 7), from the codes of one dataset with several modalities.

K codes, M modalities. A code is `single` where one modality makes more than 95 % of its use, `shared` where every
modality makes at least 5 %, `mixed` otherwise, and `unused` where nothing chose it. The paper counts VALOR-32K clips
and does not say how modalities of different length compare; here each modality's use is its own distribution over
codes, so that ten seconds do not outweigh one sentence.
"""

from collections.abc import Sequence

import numpy as np

from cmg.datasets.clips import Clip
from cmg.tasks.codes import RunCodes
from cmg.tasks.retrieval import sentences

SINGLE, SHARED = 0.95, 0.05


def usage(codes: RunCodes, dataset: str, clips: Sequence[Clip], modalities: Sequence[str], book: int = 0) -> np.ndarray:
    """Share of each modality's seconds (text: of its clips' sentences) that chose each code, [M, K] of one of the
    codebooks.

    Raises ValueError where a modality has no usable clip.
    """
    return np.stack([_distribution(codes, dataset, clips, modality, book) for modality in modalities])


def _distribution(codes: RunCodes, dataset: str, clips: Sequence[Clip], modality: str, book: int) -> np.ndarray:
    held = codes.get(dataset, modality)
    weight: np.ndarray = np.ones(len(held.valid))
    steps = held.chosen.shape[1]
    if modality == "text":
        row_of = {sentence: row for row, sentence in enumerate(sentences(clips))}
        weight = np.bincount([row_of[text] for clip in clips for text in clip.captions], minlength=len(held.valid))
    used = np.arange(steps) < np.minimum(held.valid, steps)[:, None]
    chosen = held.chosen[..., book][used]
    counts = np.bincount(
        chosen, np.broadcast_to(weight[:, None], used.shape)[used], minlength=len(codes.codebooks[book])
    )
    if not counts.sum():
        raise ValueError(f"{codes.name}: {dataset}.{modality} has no usable clip to count codes of")
    return counts / counts.sum()


def kinds(used: np.ndarray) -> np.ndarray:
    """`unused`, `single`, `mixed` or `shared` [K], of `usage` [M, K]."""
    total = used.sum(axis=0)
    share = np.divide(used, total, out=np.zeros_like(used), where=total > 0)
    named = np.where(share.max(axis=0) > SINGLE, "single", np.where(share.min(axis=0) >= SHARED, "shared", "mixed"))
    return np.where(total > 0, named, "unused")
