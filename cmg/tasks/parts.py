"""Parts of a dataset that a head is fitted, chosen or tested on: rows with usable codes, their videos, their targets.

n clips, T seconds, C classes.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cmg.datasets.clips import Clip
from cmg.files import BadFile
from cmg.registry import DATASETS, youtube_id
from cmg.tasks.codes import RunCodes

EVENTS = {"video": "visual", "audio": "audio"}  # a feature modality, and what the datasets call its events


@dataclass(frozen=True)
class Part:
    """Clips of one dataset in one modality with usable codes, and what a head should answer for them.

    target: int [n] or [n, T], or bool [n, T, C]. sources: the videos the clips were cut from. unusable: clips left out
    for want of codes.
    clips: int [n], their rows in the index where these are not `rows`, as of sentences.
    """

    dataset: str
    modality: str
    rows: np.ndarray
    sources: tuple[str, ...]
    target: np.ndarray
    unusable: int = 0
    clips: np.ndarray | None = None

    @property
    def clip_rows(self) -> np.ndarray:
        """Rows of the index, int [n]."""
        return self.rows if self.clips is None else self.clips

    def __len__(self) -> int:
        return len(self.rows)


def source_of(clip: Clip, dataset: str) -> str:
    """The video that a clip was cut from: the YouTube id, in whatever form a dataset writes it; of your own the file.
    UCF101 clips stand for themselves.
    """
    own = clip.clip_id if dataset in DATASETS else clip.visual or clip.audio or clip.clip_id
    return youtube_id(dataset, clip.clip_id) or own


def sources(clips: Sequence[Clip], dataset: str) -> set[str]:
    """The videos of these clips."""
    return {source_of(clip, dataset) for clip in clips}


def without(clips: Sequence[Clip], dataset: str, taken: Container[str]) -> list[Clip]:
    """The clips whose video is not among `taken`."""
    return [clip for clip in clips if source_of(clip, dataset) not in taken]


def make_part(
    codes: RunCodes, dataset: str, modality: str, clips: Sequence[Clip], target: Callable[[Clip, str], Any], what: str
) -> Part:
    """The clips with usable codes in a modality, and `target(clip, modality)` stacked.

    Raises ValueError where none is left, naming the part (`what`), or where rows and codes do not belong together.
    """
    valid = codes.get(dataset, modality).valid
    if clips and max(clip.row for clip in clips) >= len(valid):
        row = max(clip.row for clip in clips)
        raise BadFile(
            f"{codes.name}: {dataset}.{modality} has {len(valid)} rows, the index has row {row}; run: dvc repro"
        )
    usable = [clip for clip in clips if valid[clip.row] > 0]
    if not usable:
        raise ValueError(
            f"{what}: {dataset} has {len(clips)} clips, none with usable {modality} codes; "
            "see the index's problems and failures"
        )
    return Part(
        dataset=dataset,
        modality=modality,
        rows=np.array([clip.row for clip in usable]),
        sources=tuple(source_of(clip, dataset) for clip in usable),
        target=np.stack([np.asarray(target(clip, modality)) for clip in usable]),
        unusable=len(clips) - len(usable),
    )
