"""Segmentation with codes as queries (AVSBench-S4): a head that one modality's codes taught is asked with the other's.

Every head answers the right query of each test clip, no query (a zero vector) and the query of another class. What
counts is right minus wrong: a head that paints the one thing that stands out in a frame, whatever it is asked, has the
first score too. n clips, T seconds, D code dimensions, S pixels a side.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import Tensor, nn

from cmg.results import Cell
from cmg.segmentation import heads
from cmg.segmentation.heads import Fitted, HeadOptions
from cmg.segmentation.metrics import BestF, best_constant, iou
from cmg.segmentation.pictures import Picture
from cmg.segmentation.queries import MODALITIES, Query, by_kind, scaled, unit_rms
from cmg.segmentation.scenes import Scenes, Splits

TASK = "avs_s4"
DIRECTIONS = ("at", "ta", "aa", "tt")  # fitted on, asked with; aa and tt: same-modality bounds
SHOWN_SECOND = 2  # of a clip in pictures: the middle

Measure = Callable[[nn.Module, Scenes, np.ndarray, HeadOptions], dict[str, float]]


@dataclass(frozen=True)
class Result:
    """Scores of one run, and some pictures."""

    cells: list[Cell] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


def run(
    queries: Mapping[str, Query], splits: Splits, options: HeadOptions, weights: Mapping[str, Tensor] | None = None
) -> Result:
    """`strict`: a head per source of queries (a, t, or the name of a reference), asked with each; and some pictures.

    The epoch is chosen with queries of the source on the validation clips; queries of the other modality meet the head
    in the test alone.
    """
    cells, shown = [], pictures(splits.test)
    floors = without_looking(splits.test)
    for source, query in queries.items():
        scale = unit_rms(query, splits.fit.clips)
        fitted = fit_head(splits, scaled(query, scale), options, weights)
        for asked, other in queries.items():
            direction = source if source == asked and source not in MODALITIES else source + asked
            cells.append(cell(direction, fitted, splits, scaled(other, scale), floors, options))
            draw(shown, direction, fitted, splits.test, scaled(other, scale), options)
    return Result(cells, shown)


def fit_head(splits: Splits, query: Query, options: HeadOptions, weights: Mapping[str, Tensor] | None = None) -> Fitted:
    """A head fitted on one source of queries, its epoch chosen with the same source."""
    asked, chosen_with = query(splits.fit.clips), query(splits.val.clips)
    net = heads.build(options, asked.shape[2], weights)
    return heads.fit(
        net,
        splits.fit,
        lambda _: asked,
        lambda now, _: measured(now, splits.val, chosen_with, options)["miou"],
        options,
    )


def measured(net: nn.Module, scenes: Scenes, queries: np.ndarray, options: HeadOptions) -> dict[str, float]:
    """`miou` and `f` in percent, means over all frames."""
    ious, best = [], BestF()
    for chosen, logits in heads.answers(net, scenes, queries, options.device):
        frames, truth = (array.reshape(-1, *array.shape[2:]) for array in (logits, scenes.truth(chosen)))
        ious.append(iou(frames, truth))
        best.add(frames, truth)
    return {"miou": 100 * float(np.concatenate(ious).mean()), "f": 100 * best.value}


def cell(
    direction: str,
    fitted: Fitted,
    splits: Splits,
    query: Query,
    floors: Mapping[str, float],
    options: HeadOptions,
    measure: Measure = measured,
) -> Cell:
    """What one head answers to one source of queries: `score` is mIoU with the right ones, everything else is in
    `side`.
    """
    scores = {
        kind: measure(fitted.net, splits.test, asked, options) for kind, asked in by_kind(query, splits.test).items()
    }
    side: dict[str, Any] = {f"{kind}_{name}": value for kind, found in scores.items() for name, value in found.items()}
    side |= {
        "right_minus_wrong": side["right_miou"] - side["wrong_miou"],
        "epoch": fitted.epoch,
        "val_score": fitted.val_score,
    }
    fit, asked = (MODALITIES[letter] for letter in direction) if direction in DIRECTIONS else (direction, direction)
    about: dict[str, Any] = {"fit_modality": fit, "test_modality": asked, "classes": len(set(splits.test.labels))}
    about |= {
        "chance": floors["constant_miou"],
        "n_fit": len(splits.fit),
        "n_val": len(splits.val),
        "n_test": len(splits.test),
    }
    side |= {**floors, **splits.side}
    return Cell(TASK, direction, toc=False, metric="miou", score=side["right_miou"], q=None, **about, side=side)


def truths(scenes: Scenes) -> np.ndarray:
    """All masks, bool [n * masked, S, S]."""
    return np.concatenate([mask for part in scenes.batches(64) for mask in scenes.truth(part)])


def without_looking(scenes: Scenes) -> dict[str, float]:
    """Percent: mIoU of the best mask that is the same for all frames, mIoU and F where every pixel is said to belong
    to the object.
    """
    truth, best = truths(scenes), BestF()
    best.add(np.ones(truth.shape, np.float32), truth)
    everything = float(iou(np.ones_like(truth), truth).mean())
    return {
        "constant_miou": 100 * best_constant(truth),
        "foreground_miou": 100 * everything,
        "foreground_f": 100 * best.value,
    }


def pictures(scenes: Scenes, count: int = 4) -> list[Picture]:
    """The first clip of each of the first `count` classes by name, not chosen by how they turn out; no masks found
    yet.
    """
    chosen = _shown(scenes, count)
    images, truth = scenes.images(chosen)[:, SHOWN_SECOND], scenes.truth(chosen)[:, SHOWN_SECOND]
    return [
        Picture(scenes.clips[n].clip_id, scenes.labels[n], *pair)
        for n, *pair in zip(chosen, images, truth, strict=True)
    ]


def _shown(scenes: Scenes, count: int) -> np.ndarray:
    return np.array([scenes.labels.index(label) for label in sorted(set(scenes.labels))[:count]])


def draw(
    shown: list[Picture], direction: str, fitted: Fitted, scenes: Scenes, query: Query, options: HeadOptions
) -> None:
    """Add to the pictures what the head finds."""
    chosen = _shown(scenes, len(shown))
    part = replace(scenes, clips=tuple(scenes.clips[n] for n in chosen))
    for kind, asked in by_kind(query, scenes).items():
        found = [
            mask
            for _, logits in heads.answers(fitted.net, part, asked[chosen], options.device)
            for mask in logits[:, SHOWN_SECOND] > 0
        ]
        for picture, mask in zip(shown, found, strict=True):
            picture.found[direction, kind] = mask
