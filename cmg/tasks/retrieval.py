"""Zero-shot retrieval between modalities: MSCOCO V<->T, Clotho A<->T, FlickrSound V<->A, by cosine of the codes.

One code per clip, image or sentence, from the time mean (FCID's `_C_ret` calls; the `codes` stage encodes these
datasets so). Under `published` the methods whose driver does so compare the mean of the codes of all seconds instead
(`options.clip_code`), on the pairs that it reads (`retrieval_pairs`), with ties as it sorts them.
Nothing is fitted, so there is nothing to choose on: TOC keeps `q_fixed` of the dimensions. Queries and items are the
pairs of the test split. A caption retrieves its one clip; a clip retrieves any of its captions, the best of them counts
(Clotho has five).
Score: mean of R@1, R@5 and R@10, which stand in `side`. Equal codes give exactly equal cosines; `options.ties` says
what then counts. N queries, M items, D code dimensions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from cmg.datasets.clips import Clip
from cmg.files import BadFile
from cmg.registry import RETRIEVAL
from cmg.results import Cell
from cmg.tasks.codes import RunCodes
from cmg.tasks.recall import RECALLS, expected_recall
from cmg.tasks.retrieval_pairs import listed
from cmg.tasks.settings import EvaluateOptions, of_task
from cmg.toc import select

NAMES = {"v": "video", "a": "audio", "t": "text"}
RANKS = (1, 5, 10)


@dataclass(frozen=True)
class Items:
    """What is retrieved, or asks: code rows [n] of one modality, and the pair [n] that each belongs to."""

    modality: str
    rows: np.ndarray
    pair: np.ndarray


@dataclass(frozen=True)
class Retrieval:
    """One dataset and the two modalities of its pairs; offers what the task modules offer (`DATASETS`, `run`)."""

    dataset: str
    sides: str
    task: str = ""  # name in results; "": the dataset's

    @property
    def DATASETS(self) -> tuple[str, ...]:  # noqa: N802 (the task modules' name)
        return (self.dataset,)

    @property
    def modalities(self) -> set[str]:
        """Those that codes are needed of."""
        return {NAMES[side] for side in self.sides}

    def run(
        self,
        codes: RunCodes,
        indices: Mapping[str, Sequence[Clip]],
        ranking: np.ndarray | None,
        options: EvaluateOptions,
    ) -> list[Cell]:
        """Both directions, with TOC where there is a ranking. Raises ValueError where no pair has codes on both
        sides."""
        averaged = options.protocol == "published" and options.clip_code == "mean_of_codes"
        sides, unusable = self.paired(codes, indices[self.dataset], options.protocol)
        cells = []
        share = of_task(options.q_fixed, self.dataset)
        embed = codes.embed_mean if averaged else codes.embed
        # nothing is fitted, so no choice is compared with random ones
        ranked = None if options.toc_score == "random" else ranking
        for dims in _kept(codes.dimensions(self.dataset, NAMES[self.sides[0]]), ranked, share, options.toc_worst):
            vectors = {s: embed(self.dataset, found.modality, found.rows, dims)[:, 0] for s, found in sides.items()}
            for one, other in permutations(self.sides, 2):
                similarity = cosine(vectors[one], vectors[other])
                cells.append(self._cell(sides[one], sides[other], similarity, dims, options, unusable))
        return cells

    def paired(self, codes: RunCodes, clips: Sequence[Clip], protocol: str = "strict") -> tuple[dict[str, Items], int]:
        """Queries and items by side (`v`, `a`, `t`): test pairs with codes on both sides; and the number of test pairs
        without.

        Raises ValueError where there is no such pair.
        """
        kept = listed(self.dataset, clips, protocol)
        sides = {side: items(codes, self.dataset, NAMES[side], clips, kept) for side in self.sides}
        paired = set.intersection(*(set(side.pair.tolist()) for side in sides.values()))
        if not paired:
            raise ValueError(
                f"{self.dataset}: "
                f"none of {len(kept)} test clips has codes in both {' and '.join(NAMES[s] for s in sides)}"
            )
        return {name: _only(side, paired) for name, side in sides.items()}, len(kept) - len(paired)

    def _cell(
        self,
        asking: Items,
        asked: Items,
        similarity: np.ndarray,
        dims: np.ndarray | None,
        options: EvaluateOptions,
        unusable: int,
    ) -> Cell:
        matches = asking.pair[:, None] == asked.pair[None]
        ties = "release" if options.protocol == "published" else options.ties
        found = RECALLS[ties](similarity, matches, RANKS)
        chance = expected_recall(np.zeros(matches.shape), matches, RANKS)
        return Cell(
            task=self.task or self.dataset,
            direction=asking.modality[0] + asked.modality[0],
            toc=dims is not None,
            metric="recall",
            score=float(np.mean(list(found.values()))),
            q=None if dims is None else len(dims),
            fit_modality=asking.modality,
            test_modality=asked.modality,
            n_fit=0,
            n_val=None,
            n_test=len(asking.rows),
            classes=len(asked.rows),
            chance=float(np.mean(list(chance.values()))),
            side={
                **{f"r{k}": value for k, value in found.items()},
                **{f"chance_r{k}": value for k, value in chance.items()},
                "ties": ties,
                "n_unusable": unusable,
                "distinct_answers": len(np.unique(similarity, axis=0)),
            },
        )


TASKS = {name: Retrieval(name, sides) for name, sides in RETRIEVAL.items()}


def sentences(clips: Sequence[Clip]) -> list[str]:
    """Unique sentences of an index in order of first appearance: the rows of its text store."""
    return list(dict.fromkeys(text for clip in clips for text in clip.captions))


def items(codes: RunCodes, dataset: str, modality: str, clips: Sequence[Clip], listed: Sequence[Clip]) -> Items:
    """Clips, or captions of clips, of `listed` that have codes. `clips` is the whole index: its sentences are the rows
    of the text store.

    Raises ValueError where the file does not hold one code per row, or its text rows are not the index's sentences.
    """
    held = codes.get(dataset, modality)
    if held.values.shape[1] != 1:
        raise BadFile(
            f"{codes.name}: {dataset}.{modality} has {held.values.shape[1]} codes per row; expected one; run: dvc repro"
        )
    if modality != "text":
        pairs = [(clip.row, clip.row) for clip in listed]
    else:
        row_of = {sentence: row for row, sentence in enumerate(sentences(clips))}
        if len(row_of) != len(held.valid):
            raise BadFile(
                f"{codes.name}: {dataset}.text has {len(held.valid)} rows, "
                f"the index {len(row_of)} sentences; run: dvc repro"
            )
        pairs = [(row_of[text], clip.row) for clip in listed for text in clip.captions]
    usable = np.array([pair for pair in pairs if held.valid[pair[0]] > 0], dtype=np.int64).reshape(-1, 2)
    return Items(modality, usable[:, 0], usable[:, 1])


def _only(side: Items, paired: set[int]) -> Items:
    kept = np.isin(side.pair, list(paired))
    return Items(side.modality, side.rows[kept], side.pair[kept])


def _kept(size: int, ranking: np.ndarray | None, share: float, worst: float) -> list[np.ndarray | None]:
    if ranking is None:
        return [None]
    if len(ranking) != size:
        raise BadFile(f"the TOC ranking has {len(ranking)} dimensions, the codes have {size}; run: dvc repro")
    return [None, select(ranking, max(1, round(share * size)), worst)]


def cosine(queries: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Cosines [N, M] float64 of vectors [N, D] and [M, D]; 0 with a zero vector.

    Computed once per pair of distinct vectors, so that equal codes tie exactly whatever their place in a matrix
    product.
    """
    (left, place), (right, other) = (
        np.unique(vectors.astype(np.float64), axis=0, return_inverse=True) for vectors in (queries, items)
    )
    return (_unit(left) @ _unit(right).T)[place.ravel()[:, None], other.ravel()[None]]


def _unit(vectors: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norm > 0, norm, 1)
