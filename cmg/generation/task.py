"""One run's codes made into pictures and scored: I→I, A→I and T→I, with and without TOC.

n pairs, Q code dimensions, E embedding values, F features of a picture.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from cmg.extract.resize import antialiased
from cmg.generation.album import Album
from cmg.generation.distance import frechet, kernel, spread
from cmg.generation.generator import pair_seed
from cmg.generation.looks import Look
from cmg.generation.mapper import Examples, Mapper, mean_embeddings, unseen
from cmg.generation.paired import by_code, paired
from cmg.generation.pairs import DATASET, Pairs
from cmg.tasks.codes import RunCodes
from cmg.toc import select

BOOTSTRAP = 50  # samples behind the spread of a distance
MAPPER, MEAN = "mapper", "mean embedding"  # how a code becomes an embedding
OTHERS, OWN = "other real pictures", "own embedding"  # what the distances of rows stand between


@dataclass(frozen=True)
class Reference:
    """The real pictures by index row N: embeddings [N, E], looks [N, F], pixels uint8 [N, S, S, 3]."""

    embeddings: np.ndarray
    looks: np.ndarray
    pictures: np.ndarray


@dataclass(frozen=True)
class Row:
    """One direction's scores. direction: `ii`, `ai`, `ti`; by: `MAPPER` or `MEAN`; scores and counts as
    docs/generation.md names them."""

    direction: str
    toc: bool
    by: str
    q: int
    n: int
    scores: dict[str, float]
    counts: dict[str, int]


@dataclass(frozen=True)
class Result:
    """Rows of a run, and of the first pairs the pictures by `(direction, toc)`, uint8 [m, S, S, 3]."""

    rows: list[Row]
    left_out: int
    shown: dict[tuple[str, bool], np.ndarray] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"left_out": self.left_out, "rows": [asdict(row) for row in self.rows]}


@dataclass(frozen=True)
class GenerationOptions:
    """seed: of the run; share, worst: of the dimensions that TOC keeps; shown: pairs whose pictures are kept for the
    figure."""

    seed: int
    share: float
    worst: float
    shown: int


Recode = Callable[[np.ndarray], np.ndarray]
"""Pictures uint8 [n, S, S, 3] -> the codes [n, D] that the method gives them."""
Embed = Callable[[np.ndarray], np.ndarray]
Train = Callable[[Examples, str], Mapper]
"""Fits a mapper on examples; the text names it in work folders and messages."""


@dataclass(frozen=True)
class Task:
    """All that one run's pictures need."""

    codes: RunCodes
    pairs: Pairs
    real: Reference
    album: Album
    look: Look
    train: Train
    recode: Recode
    options: GenerationOptions

    def run(self, ranking: np.ndarray | None) -> Result:
        """Rows without TOC, by the mapper and by mean embeddings, then with TOC where there is a ranking [D]."""
        found = Result([], self.pairs.left_out)
        self._add(found, None)
        if ranking is not None:
            size = self.codes.dimensions(DATASET, "video")
            self._add(found, select(ranking, max(1, round(self.options.share * size)), self.options.worst))
        return found

    def _add(self, found: Result, dims: np.ndarray | None) -> None:
        chosen = self.pairs.train
        vectors = self.codes.embed(DATASET, "video", chosen, dims)[:, 0]
        examples = Examples(vectors, self.real.embeddings[chosen], self.real.pictures[chosen])
        mapper = self.train(examples, "all" if dims is None else "toc")
        made = self._made(dims, mapper.embed)
        found.rows.extend(self._row(letter, dims, MAPPER, examples, made) for letter in made)
        found.shown.update(
            {(f"{letter}i", dims is not None): pictures[: self.options.shown] for letter, pictures in made.items()}
        )
        if dims is None:
            by_mean = self._made(dims, lambda asked: mean_embeddings(examples, asked))
            found.rows.extend(self._row(letter, dims, MEAN, examples, by_mean) for letter in by_mean)

    def _made(self, dims: np.ndarray | None, embed: Embed) -> dict[str, np.ndarray]:
        """Pictures of every direction by its letter, a pair's from the same noise in all of them."""
        seeds = [pair_seed(self.options.seed, pair) for pair in self.pairs.ids]
        return {
            letter: self.album.get(embed(self.pairs.vectors(self.codes, letter, dims)), seeds)
            for letter in self.pairs.rows
        }

    def _row(
        self, letter: str, dims: np.ndarray | None, by: str, examples: Examples, made: dict[str, np.ndarray]
    ) -> Row:
        pictures, vectors = made[letter], self.pairs.vectors(self.codes, letter, dims)
        scores = score(
            looked_at(self.look, pictures, self.real),
            self.real.looks[self.pairs.test],
            self.pairs.classes,
            self.options.seed,
        )
        if by == MAPPER:
            scores |= _consistency(self.recode(pictures), self.pairs.vectors(self.codes, letter, None))
            scores |= by_code(vectors, self.pairs.vectors(self.codes, "i", dims), self.pairs.classes, letter == "i")
        counts = {
            "codes": len(np.unique(vectors, axis=0)),
            "unseen": unseen(examples, vectors),
            "identical": sum(bool((a == b).all()) for a, b in zip(made["i"], pictures, strict=True)),
        }
        return Row(f"{letter}i", dims is not None, by, vectors.shape[1], len(vectors), scores, counts)


def looked_at(look: Look, pictures: np.ndarray, real: Reference) -> np.ndarray:
    """Features [n, F] of generated pictures at the size of the real ones, so that both sides are seen alike."""
    side = real.pictures.shape[1]
    if pictures.shape[1] == side:
        return look(pictures)
    resized = antialiased(torch.from_numpy(pictures), side).to(torch.uint8)
    return look(resized.permute(0, 2, 3, 1).numpy())


def _consistency(again: np.ndarray, vectors: np.ndarray) -> dict[str, float]:
    """Share of pictures, in percent, whose own code (`again`, of the first ones) is the one they were made from."""
    return (
        {"consistency": 100 * float(np.mean([(a == b).all() for a, b in zip(again, vectors, strict=False)]))}
        if len(again)
        else {}
    )


def score(made: np.ndarray, real: np.ndarray, classes: list[frozenset[str]], seed: int) -> dict[str, float]:
    """Distances and paired numbers of features [n, F], the paired ones also for shuffled pairs (`shuffled_…`), their
    chance."""
    distances = {
        "fd": frechet(made, real),
        "fd_bootstrap": spread(made, real, BOOTSTRAP, seed),
        "kd": kernel(made, real),
    }
    return distances | paired(made, real, classes)


def floors(
    real: Reference,
    train: np.ndarray,
    pairs: tuple[np.ndarray, list[str], list[frozenset[str]]],
    album: Album,
    look: Look,
    seed: int,
) -> dict[str, dict[str, float]]:
    """What distances mean: other real pictures (of the train split, as many) in place of the test ones, and every test
    picture made from its own embedding, the best that a code could do. pairs: index rows, ids and classes of the test
    pairs.
    """
    test, ids, classes = pairs
    others = np.random.default_rng(seed).permutation(train)[: len(test)]
    own = album.get(real.embeddings[test], [pair_seed(seed, pair) for pair in ids])
    apart = {"fd": frechet(real.looks[others], real.looks[test]), "kd": kernel(real.looks[others], real.looks[test])}
    return {OTHERS: apart, OWN: score(looked_at(look, own, real), real.looks[test], classes, seed)}
