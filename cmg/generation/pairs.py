"""The pairs that pictures are made for, and their codes by direction.

N index rows, n pairs, D code dimensions, Q kept ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cmg.datasets.clips import Clip
from cmg.tasks.codes import RunCodes
from cmg.tasks.retrieval import Items, items

# a direction is one of these letters, then the i of the picture that is made
SIDES = {"i": "video", "a": "audio", "t": "text"}
DATASET = "flickrsound"


@dataclass(frozen=True)
class Pairs:
    """train: index rows [m] of images that a mapper is fitted on; test: index rows [n] of the pairs that are scored;
    rows: code rows [n] of the test pairs by letter of `SIDES`, a letter only where every pair has a code; classes: of
    each test pair, where the index has labels.
    """

    train: np.ndarray
    test: np.ndarray
    rows: dict[str, np.ndarray]
    ids: list[str]
    classes: list[frozenset[str]]
    left_out: int

    @classmethod
    def of(cls, codes: RunCodes, clips: Sequence[Clip], most: int) -> "Pairs":
        """Pairs with a code of the image and of the sound, and of their first caption where the dataset has captions;
        at most `most`.

        Raises ValueError where none is left on either split.
        """
        train = items(codes, DATASET, "video", clips, [clip for clip in clips if clip.split == "train"]).rows
        listed = [clip for clip in clips if clip.split == "test"]
        found = {
            letter: _first(items(codes, DATASET, name, clips, listed))
            for letter, name in SIDES.items()
            if _has(codes, name, listed)
        }
        common = sorted(set.intersection(*map(set, found.values())))[:most]
        if not len(train) or not common:
            raise ValueError(
                f"{codes.name}: {DATASET} has {len(train)} train images and {len(common)} test pairs with codes; "
                "expected some of both"
            )
        rows = {letter: np.array([rows[pair] for pair in common], np.int64) for letter, rows in found.items()}
        labels = [frozenset(event.label for event in clips[pair].events) for pair in common]
        return cls(
            train,
            np.array(common),
            rows,
            [clips[p].clip_id for p in common],
            labels if all(labels) else [],
            len(listed) - len(common),
        )

    def vectors(self, codes: RunCodes, letter: str, dims: np.ndarray | None) -> np.ndarray:
        """Code vectors of the test pairs in one modality, float32 [n, D or Q]."""
        return codes.embed(DATASET, SIDES[letter], self.rows[letter], dims)[:, 0]


def classes_of(clips: Sequence[Clip], rows: Sequence[int] | np.ndarray) -> list[frozenset[str]]:
    """The classes of each of these index rows; nothing where one of them has none."""
    found = [frozenset(event.label for event in clips[row].events) for row in rows]
    return found if all(found) else []


def _has(codes: RunCodes, modality: str, clips: Sequence[Clip]) -> bool:
    return (DATASET, modality) in codes.entries and (modality != "text" or any(clip.captions for clip in clips))


def _first(found: Items) -> dict[int, int]:
    """`{pair: its first code row}`."""
    rows: dict[int, int] = {}
    for row, pair in zip(found.rows.tolist(), found.pair.tolist(), strict=True):
        rows.setdefault(pair, row)
    return rows
