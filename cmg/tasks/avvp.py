"""AVVP (LLP), cross-modal event localisation: fit on one modality's dense labels of val, score the other modality of
test.

Strict: val (649 clips) is the only densely labelled part besides test, so epochs, Q and threshold are fixed and nothing
is chosen. Audio answers are scored against audio events, video answers against visual events, by the official
segment-level F; event-level F and reference predictors are in `side`. Labels have no background column: a second where
no class passes the threshold is background.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.labels import avvp_targets
from cmg.datasets.names import AVVP_CLASSES
from cmg.registry import TASK_DATASETS
from cmg.results import Cell
from cmg.tasks import heads, parts, strict
from cmg.tasks.codes import RunCodes
from cmg.tasks.settings import MODALITY, EvaluateOptions

DATASETS = TASK_DATASETS["avvp"]


def run(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], ranking: np.ndarray | None, options: EvaluateOptions
) -> list[Cell]:
    """All four directions, with TOC where there is a ranking."""
    val, test = ([clip for clip in indices["avvp"] if clip.split == split] for split in ("val", "test"))
    fit = parts.without(val, "avvp", parts.sources(test, "avvp"))
    present = {event.label for clip in val + test for event in clip.events}
    classes = tuple(label for label in AVVP_CLASSES if label in present)

    def target(clip: Clip, modality: str) -> np.ndarray:
        return avvp_targets(clip, parts.EVENTS[modality], classes)

    cells = []
    for source in MODALITY:
        trial = strict.Trial(
            task="avvp",
            kind=heads.ACTIVE,
            classes=len(classes),
            fit=parts.make_part(codes, "avvp", MODALITY[source], fit, target, "AVVP val"),
            val=None,
            tests={
                f"{source}{m}": parts.make_part(codes, "avvp", MODALITY[m], test, target, "AVVP test") for m in MODALITY
            },
            side={"n_fit_excluded": len(val) - len(fit)},
            names=classes,
        )
        cells += strict.run(trial, codes, ranking, options)
    return cells
