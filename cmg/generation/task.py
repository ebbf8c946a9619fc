"""One run's codes made into pictures and scored: I→I, A→I and T→I, with and without TOC.

n pairs, Q code dimensions, E embedding values, F features of a picture.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from cmg.generation.album import Album
from cmg.generation.distance import frechet, kernel, spread
from cmg.generation.generator import pair_seed
from cmg.generation.looks import Look
from cmg.generation.mapper import Examples, Mapper, mean_embeddings, unseen
from cmg.generation.paired import agreement, nearest_class, shuffled
from cmg.generation.pairs import DATASET, Pairs
from cmg.tasks.codes import RunCodes
from cmg.toc import select

BOOTSTRAP = 50  # samples behind the spread of a distance
MAPPER, MEAN = "mapper", "mean embedding"  # how a code becomes an embedding


@dataclass(frozen=True)
class Reference:
    """The real pictures by index row N: embeddings [N, E], looks [N, F], pixels uint8 [N, S, S, 3]."""

    embeddings: np.ndarray
    looks: np.ndarray
    pictures: np.ndarray


@dataclass(frozen=True)
class Row:
    """One direction's scores. direction: `ii`, `ai`, `ti`; by: `MAPPER` or `MEAN`; scores and counts as docs/generation.md names them."""

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
class Options:
    """seed: of the run; share, worst: of the dimensions that TOC keeps; shown: pairs whose pictures are kept for the figure."""

    seed: int
    share: float
    worst: float
    shown: int


Recode = Callable[[np.ndarray], np.ndarray]
"""Pictures uint8 [n, S, S, 3] -> the codes [n, D] that the method gives them."""
Train = Callable[[Examples, str], Mapper]
"""Fits a mapper on examples; the text names it in work folders and messages."""


def generate(
    codes: RunCodes,
    pairs: Pairs,
    ranking: np.ndarray | None,
    real: Reference,
    album: Album,
    look: Look,
    train: Train,
    recode: Recode,
    options: Options,
) -> Result:
    """All rows of a run. recode: for the share of pictures whose code is the code they were made from; of a part of them, as it likes."""
    found = Result([], pairs.left_out)
    for dims in _kept(codes, ranking, options):
        examples = Examples(
            codes.embed(DATASET, "video", pairs.train, dims)[:, 0], real.embeddings[pairs.train], real.pictures[pairs.train]
        )
        mapper = train(examples, "toc" if dims is not None else "all")
        making: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [(MAPPER, mapper.embed)]
        if dims is None:
            making.append((MEAN, lambda vectors, known=examples: mean_embeddings(known, vectors)))
        for by, embed in making:
            made = _made(codes, pairs, dims, embed, album, options)
            for letter, pictures in made.items():
                scores = score(look(pictures), real.looks[pairs.test], pairs.classes, options.seed)
                scores |= _consistency(recode, pictures, pairs.vectors(codes, letter, None)) if by == MAPPER else {}
                found.rows.append(_row(codes, pairs, letter, dims, by, scores, made, examples))
                if by == MAPPER:
                    found.shown[f"{letter}i", dims is not None] = pictures[: options.shown]
    return found


def score(made: np.ndarray, real: np.ndarray, classes: list[frozenset[str]], seed: int) -> dict[str, float]:
    """Distances and paired numbers of features [n, F], the paired ones also for shuffled pairs (`shuffled_…`), their chance."""
    place = shuffled(len(made), seed)
    distances = {"fd": frechet(made, real), "fd_sd": spread(made, real, BOOTSTRAP, seed), "kd": kernel(made, real)}
    return distances | _paired(made, real, classes) | {f"shuffled_{name}": v for name, v in _paired(made[place], real, classes).items()}


def _paired(made: np.ndarray, real: np.ndarray, classes: list[frozenset[str]]) -> dict[str, float]:
    return agreement(made, real) | (nearest_class(made, real, classes) if classes else {})


def _kept(codes: RunCodes, ranking: np.ndarray | None, options: Options) -> list[np.ndarray | None]:
    if ranking is None:
        return [None]
    return [None, select(ranking, max(1, round(options.share * codes.dimensions(DATASET, "video"))), options.worst)]


def _made(
    codes: RunCodes, pairs: Pairs, dims: np.ndarray | None, embed: Callable[[np.ndarray], np.ndarray], album: Album, options: Options
) -> dict[str, np.ndarray]:
    """Pictures of every direction by its letter, a pair's from the same noise in all of them."""
    seeds = [pair_seed(options.seed, pair) for pair in pairs.ids]
    return {letter: album.get(embed(pairs.vectors(codes, letter, dims)), seeds) for letter in pairs.rows}


def _consistency(recode: Recode, pictures: np.ndarray, vectors: np.ndarray) -> dict[str, float]:
    """Share of pictures, in percent, whose own code is the one they were made from."""
    again = recode(pictures)
    return {"consistency": 100 * float(np.mean([(a == b).all() for a, b in zip(again, vectors, strict=False)]))} if len(again) else {}


def _row(
    codes: RunCodes,
    pairs: Pairs,
    letter: str,
    dims: np.ndarray | None,
    by: str,
    scores: dict[str, float],
    made: Mapping[str, np.ndarray],
    examples: Examples,
) -> Row:
    vectors = pairs.vectors(codes, letter, dims)
    counts = {
        "codes": len(np.unique(vectors, axis=0)),
        "unseen": unseen(examples, vectors),
        "identical": sum(bool((a == b).all()) for a, b in zip(made["i"], made[letter], strict=True)),
    }
    return Row(f"{letter}i", dims is not None, by, vectors.shape[1], len(vectors), scores, counts)


def floors(
    real: Reference, train: np.ndarray, test: np.ndarray, album: Album, look: Look, ids: list[str], classes: list[frozenset[str]], seed: int
) -> dict[str, dict[str, float]]:
    """What distances mean: other real pictures of the train split in place of the test ones (as many as there are), and every test
    picture made from its own embedding, the best a code could do.
    """
    others = np.random.default_rng(seed).permutation(train)[: len(test)]
    own = album.get(real.embeddings[test], [pair_seed(seed, pair) for pair in ids])
    apart = {"fd": frechet(real.looks[others], real.looks[test]), "kd": kernel(real.looks[others], real.looks[test])}
    return {"other real pictures": apart, "own embedding": score(look(own), real.looks[test], classes, seed)}
