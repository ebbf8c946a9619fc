"""Segmentation with codes as queries as the released scripts compute it, so that published numbers can be met. Not a
fair protocol.

The epoch is the one with the best validation score in the modality that is reported; queries are encoded with dropout,
anew in every epoch, after a random mixing of seconds that nobody trained (the queries stage does both); scores are
means over batches, and F is the best threshold of each batch. docs/segmentation.md puts this beside `strict`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from cmg.datasets.clips import Clip
from cmg.segmentation import heads
from cmg.segmentation.heads import HeadOptions
from cmg.segmentation.metrics import iou, released_f
from cmg.segmentation.queries import MODALITIES, CodeQueries
from cmg.segmentation.scenes import Scenes, Splits
from cmg.segmentation.task import Result, cell, draw, pictures, without_looking
from cmg.tasks.codes import RunCodes

TEST_BATCH = 4  # clips


def run(
    codes: RunCodes,
    clips: Sequence[Clip],
    splits: Splits,
    options: HeadOptions,
    weights: Mapping[str, Tensor] | None = None,
) -> Result:
    """A head per modality, asked with the other one; and some pictures. Raises ValueError where the codes have too few
    draws.
    """
    cells, shown, floors = [], pictures(splits.test), without_looking(splits.test)
    for source, target in (("a", "t"), ("t", "a")):
        own, other = (
            [CodeQueries(codes, clips, MODALITIES[m], draw) for draw in range(options.epochs)] for m in (source, target)
        )

        def check(net: nn.Module, epoch: int, other: list[CodeQueries] = other) -> float:
            return by_batch(net, splits.val, other[epoch - 1](splits.val.clips), options, 1)["miou"]

        def asked(epoch: int, own: list[CodeQueries] = own) -> np.ndarray:
            return own[epoch - 1](splits.fit.clips)

        net = heads.build(options, own[0](splits.fit.clips[:1]).shape[2], weights)
        fitted = heads.fit(net, splits.fit, asked, check, options)
        cells.append(cell(source + target, fitted, splits, other[0], floors, options, by_batch))
        draw(shown, source + target, fitted, splits.test, other[0], options)
    return Result(cells, shown)


def by_batch(
    net: nn.Module, scenes: Scenes, queries: np.ndarray, options: HeadOptions, size: int = TEST_BATCH
) -> dict[str, float]:
    """`miou` and `f` in percent: the mean over batches of `size` clips of each batch's own."""
    scores = []
    for chosen, logits in heads.answers(net, scenes, queries, options.device, size):
        frames, truth = (array.reshape(-1, *array.shape[2:]) for array in (logits, scenes.truth(chosen)))
        scores.append((iou(frames, truth).mean(), released_f(frames, truth)))
    miou, f = 100 * np.mean(scores, axis=0)
    return {"miou": float(miou), "f": float(f)}
