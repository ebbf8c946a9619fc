"""What takes part in retrieval: clips of the test split, their captions, and under `published` the batches they were
encoded in.

`published` reads what the retrieval driver of DCID, MICU and CoDAAR reads (facts/codaar_dev.md 2.2): of Clotho the
clips that its loader reaches, the first fifth (209 of 1,045), and one caption per image or sound of the others.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cmg.datasets.clips import Clip

FIFTH = "clotho"  # the dataset whose loader counts clips and divides by captions


def listed(dataset: str, clips: Sequence[Clip], protocol: str) -> list[Clip]:
    """Clips that ask or are asked for, in index order, each with the captions that take part."""
    test = [clip for clip in clips if clip.split == "test"]
    if protocol == "strict":
        return test
    if dataset == FIFTH:
        return test[: max(1, len(test) // 5)]
    return [replace(clip, captions=clip.captions[:1]) for clip in test]


def filled_up(dataset: str, clips: Sequence[Clip], valid: np.ndarray, batch_size: int) -> np.ndarray:
    """Seconds that the driver fills each clip up to, int [N]: those of the longest in its batch; 0 for clips that take
    no part.

    The driver reads a clip once per caption, in order, `batch_size` at a time, and keeps what its first caption's batch
    gave.

    Args:
        valid: int [N], seconds of every clip of the index.
    """
    asked = [clip.row for clip in listed(dataset, clips, "published") for _ in clip.captions or ("",)]
    lengths = np.zeros(len(valid), np.int64)
    for start in range(0, len(asked), batch_size):
        rows = np.array(asked[start : start + batch_size])
        lengths[rows] = np.where(lengths[rows] > 0, lengths[rows], valid[rows].max())
    return np.where(valid > 0, lengths, 0)
