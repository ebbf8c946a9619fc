"""AVE -> AVVP, cross-dataset localisation: fit on one modality of AVE train, localise in the other modality of AVVP
test.

Strict: AVE train and val as in `ave`, the 12 classes that both datasets have; epoch and Q by segment-level F on AVE val
in the source modality; AVVP test leaves out every video that AVE holds in any split. As in the release, only test clips
with an event of a shared class in the tested modality are scored: on the others silence would be the whole task (their
number is in `side`).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.labels import SHARED_AVVP, ave_avvp_targets
from cmg.datasets.names import AVE_TO_AVVP
from cmg.registry import TASK_DATASETS
from cmg.results import Cell
from cmg.tasks import ave, heads, parts, strict
from cmg.tasks.codes import RunCodes
from cmg.tasks.settings import MODALITY, EvaluateOptions

DATASETS = TASK_DATASETS["ave_avvp"]


def run(
    codes: RunCodes, indices: Mapping[str, Sequence[Clip]], ranking: np.ndarray | None, options: EvaluateOptions
) -> list[Cell]:
    """All four directions, with TOC where there is a ranking."""
    fit, val, _ = ([clip for clip in part if shared_class(clip)] for part in ave.splits(indices["ave"]))
    listed = [clip for clip in indices["avvp"] if clip.split == "test"]
    test = parts.without(listed, "avvp", parts.sources(indices["ave"], "ave"))
    fitted = np.array([SHARED_AVVP.index(label) for label in dict.fromkeys(map(shared_class, fit))])
    columns = np.sort(fitted)

    def ave_target(clip: Clip, _: str) -> np.ndarray:
        return ave_avvp_targets(clip, "ave")[:, columns]

    def avvp_target(clip: Clip, modality: str) -> np.ndarray:
        return ave_avvp_targets(clip, "avvp", parts.EVENTS[modality])[:, columns]

    def test_part(m: str) -> parts.Part:
        scored = [clip for clip in test if avvp_target(clip, MODALITY[m]).any()]
        return parts.make_part(codes, "avvp", MODALITY[m], scored, avvp_target, "AVVP test, shared classes, not in AVE")

    cells = []
    for source in MODALITY:
        trial = strict.Trial(
            task="ave_avvp",
            kind=heads.ACTIVE,
            classes=len(columns),
            fit=parts.make_part(codes, "ave", MODALITY[source], fit, ave_target, "AVE train, shared classes"),
            val=parts.make_part(codes, "ave", MODALITY[source], val, ave_target, "AVE val, shared classes"),
            tests={f"{source}{m}": test_part(m) for m in MODALITY},
            side={"n_test_in_ave": len(listed) - len(test), "n_test_listed": len(listed)},
            names=tuple(SHARED_AVVP[column] for column in columns),
        )
        cells += strict.run(trial, codes, ranking, options)
    return cells


def shared_class(clip: Clip) -> str | None:
    """The AVVP name of an AVE clip's class, None where AVVP does not have it or the clip has no event."""
    return next((AVE_TO_AVVP[event.label] for event in clip.events if event.label in AVE_TO_AVVP), None)
