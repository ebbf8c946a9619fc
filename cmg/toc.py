"""Training-free Optimization of Codebook (TOC): which code dimensions to keep, in closed form O(KD).

K codes, D code dimensions. Source: the FCID + TOC paper, section 4.1, Eqs. 4-9. Per dimension k,

    S_k = 1/K^2 * sum_{i != j} e_ik e_jk = ((sum_i e_ik)^2 - sum_i e_ik^2) / K^2      code similarity (Eq. 7)
    V_k = 1/K * sum_i (e_ik - mean_k)^2                                                code variance (Eq. 8)
    U_k = lam * V_k - (1 - lam) * S_k                                                  score (Eq. 9); the top Q are kept

The defaults read the paper: codes L2-normalised (Eq. 6), 1/K^2, biased variance, lam 0.3. The released scripts differ:
`RELEASE` (codes as they are, 1/(K(K-1)), unbiased variance); three of their four tasks also use `score="similarity"`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cmg.files import BadFile, write_bytes

Score = Literal["full", "similarity", "variance"]
RELEASE: dict[str, Any] = {"normalise": False, "denominator": "release", "ddof": 1, "dead_last": False}


@dataclass(frozen=True)
class TocScores:
    """Scores of D dimensions. A product codebook's dimensions stand in the order of its codebooks."""

    similarity: np.ndarray  # S [D] float64
    variance: np.ndarray  # V [D] float64
    score: np.ndarray  # U [D] float64; higher is better
    ranking: np.ndarray  # [D] int64, best dimension first
    dead: np.ndarray  # [D] bool: the dimension holds one value in all codes, so it tells no code from another


def toc_scores(
    codebook: Any | Sequence[Any],
    *,
    normalise: bool = True,
    lam: float = 0.3,
    score: Score = "full",
    denominator: Literal["paper", "release"] = "paper",
    ddof: int = 0,
    dead_last: bool = True,
    dead_tolerance: float = 1e-6,
) -> TocScores:
    """Scores and ranking of the dimensions of one codebook [K, D], or of a product codebook (a list of them).

    A codebook is an array, or a torch tensor or parameter of any float type and device. A method that concatenates
    the codewords of one index (CoDAAR: 800 x 768) has one codebook. In a product codebook each codebook is normalised
    and scored on its own K codes, since a dimension belongs to one codebook only; the scores are ranked together.

    `dead`: max - min <= dead_tolerance * largest magnitude of its codebook, on the codes as given. An all-zero
    dimension scores U = 0, above every dimension with (1 - lam) S > lam V: on non-negative codes it would often come
    first although it carries nothing. `dead_last` (the default; the paper is silent) ranks dead dimensions last, by
    score; the release keeps them where they fall. Ties go to the lower dimension. Raises ValueError for anything but
    finite [K >= 2, D] arrays or an unknown option.
    """
    books = [_array(book) for book in (codebook if isinstance(codebook, list | tuple) else [codebook])]
    if (
        not books
        or score not in ("full", "similarity", "variance")
        or denominator not in ("paper", "release")
        or not 0 <= lam <= 1
    ):
        raise ValueError(
            f"toc: {len(books)} codebooks, score={score!r}, denominator={denominator!r}, lam={lam}; "
            "expected at least one codebook, score full, similarity or variance, denominator paper or release, "
            "and lam in [0, 1]"
        )
    if ddof not in (0, 1):
        raise ValueError(f"toc: ddof={ddof}; expected 0 or 1")
    parts = [_statistics(_checked(book, g), normalise, denominator, ddof) for g, book in enumerate(books)]
    similarity, variance = (np.concatenate(column) for column in zip(*parts, strict=True))
    dead = dead_dimensions(books, dead_tolerance)
    weights = {"full": (lam, 1 - lam), "similarity": (0.0, 1 - lam), "variance": (lam, 0.0)}[score]
    total = weights[0] * variance - weights[1] * similarity
    keys = (-total, dead) if dead_last else (-total,)  # lexsort: the last key leads, and it is stable
    return TocScores(similarity, variance, total, np.lexsort(keys), dead)


def dead_dimensions(codebooks: Sequence[np.ndarray], tolerance: float = 1e-6) -> np.ndarray:
    """Which dimensions hold one value in all codes, [D] bool: see `toc_scores`. codebooks: each [K, D]."""
    return np.concatenate([np.ptp(book, axis=0) <= tolerance * np.abs(book).max() for book in map(_array, codebooks)])


def _array(book: Any) -> np.ndarray:
    """As NumPy has it: bfloat16, which NumPy lacks, as float32. Tensors are known by methods: torch is not imported."""
    if hasattr(book, "detach"):
        book = book.detach().cpu()
        book = (book.float() if book.element_size() < 4 else book).numpy()
    return np.asarray(book)


def _checked(book: np.ndarray, g: int) -> np.ndarray:
    if book.ndim != 2 or book.shape[0] < 2 or book.dtype.kind not in "fiub" or not np.isfinite(book).all():
        raise ValueError(
            f"toc: codebook {g} is {book.dtype} of shape {book.shape}; expected finite numbers [K, D] with K >= 2"
        )
    return book


def _statistics(book: np.ndarray, normalise: bool, denominator: str, ddof: int) -> tuple[np.ndarray, ...]:
    """S and V of one codebook, accumulated in float64. A zero code stays zero when normalised."""
    size = len(book)
    codes = book.astype(np.float64)
    if normalise:
        norm = np.sqrt(np.einsum("kd,kd->k", codes, codes))
        codes /= np.where(norm > 0, norm, 1.0)[:, None]
    total = codes.sum(axis=0)
    squares = np.einsum("kd,kd->d", codes, codes)
    codes -= total / size
    variance = np.einsum("kd,kd->d", codes, codes) / (size - ddof)
    return (total**2 - squares) / (size * (size if denominator == "paper" else size - 1)), variance


def select(ranking: Sequence[int] | np.ndarray, q: int, worst: float = 0.0) -> np.ndarray:
    """The dimensions to keep, [q] int64: the best of `ranking`, then the share `worst` of q from its end, worst first.

    The released parts `toc_max_num` : `toc_min_num` are such shares: 1:1 is 0.5, 3:1 is 0.25.
    Raises ValueError when q does not fit or `worst` is no share.
    """
    ranking = np.asarray(ranking, dtype=np.int64)
    if not 1 <= q <= len(ranking) or not 0 <= worst <= 1:
        raise ValueError(
            f"toc: Q = {q}, worst = {worst}; expected 1 to {len(ranking)} dimensions and a share from 0 to 1"
        )
    bottom = round(worst * q)
    return np.concatenate([ranking[: q - bottom], ranking[::-1][:bottom]])


def write_toc(path: str | Path, results: Mapping[str, TocScores], **notes: str | int | float) -> None:
    """Write rankings, scores and dead dimensions of one run as JSON, by score name (deterministic bytes, atomic)."""
    scores = {
        name: {"ranking": r.ranking.tolist(), "dead": np.flatnonzero(r.dead).tolist(), "score": r.score.tolist()}
        for name, r in results.items()
    }
    write_bytes(Path(path), (json.dumps({**notes, "scores": scores}, sort_keys=True, indent=1) + "\n").encode())


def read_toc(path: str | Path) -> dict[str, np.ndarray]:
    """Rankings [D] int64 by score name, from a file of `write_toc`. Raises ValueError where one is no permutation."""
    rankings = {
        name: np.asarray(entry["ranking"], dtype=np.int64)
        for name, entry in json.loads(Path(path).read_text())["scores"].items()
    }
    for name, ranking in rankings.items():
        if not np.array_equal(np.sort(ranking), np.arange(len(ranking))):
            raise BadFile(
                f"{path}: the {name!r} ranking is not a permutation of its {len(ranking)} dimensions; "
                "run: dvc repro toc"
            )
    return rankings
