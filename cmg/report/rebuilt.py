"""Errors of pictures rebuilt from part of the code dimensions: results of the seeds brought together, published numbers
beside them."""

import csv
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cmg.files import BadFile

PRINTED = Path(__file__).with_name("published_table3.csv")
SCORES = ("full", "similarity", "variance")
SHARE = {"share", "kept", "random", "toc", "worse"}


@dataclass(frozen=True)
class Rebuilt:
    """One result of `reconstruct`. readings: by name, the errors per share; about: model and held-out pictures."""

    dataset: str
    seed: int
    readings: Mapping[str, Sequence[Mapping[str, Any]]]
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Masked:
    """One reading of the codes and share of masked dimensions; a value per seed.

    masked: percent; kept: dimensions; random: mean over the random masks, spread: their sample standard deviation; toc,
    worse: MSE by score, and random masks whose MSE is greater; printed: the paper's fields for this share, empty where
    it has none.
    """

    reading: str
    masked: float
    kept: int
    random: tuple[float, ...]
    spread: tuple[float, ...]
    toc: Mapping[str, tuple[float, ...]]
    worse: Mapping[str, tuple[int, ...]]
    printed: Mapping[str, str]


def read_rebuilt(path: Path) -> Rebuilt:
    """Raises ValueError where the file is not what `reconstruct` writes."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        found = Rebuilt(values.pop("dataset"), values.pop("seed"), values.pop("readings"), values)
        if lacking := [share for shares in found.readings.values() for share in shares if not share.keys() >= SHARE]:
            raise KeyError(*SHARE - lacking[0].keys())
        return found
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadFile(
            f"{path}: expected errors of rebuilt pictures, found {error!r}; run: dvc repro reconstruct"
        ) from error


@cache
def printed() -> Mapping[float, Mapping[str, str]]:
    """``{percent masked: fields of published_table3.csv}``, digits as printed."""
    with PRINTED.open(newline="", encoding="utf-8") as handle:
        return {float(row["masked"]): row for row in csv.DictReader(handle)}


def masked(results: Sequence[Rebuilt]) -> Iterator[Masked]:
    """Rows of the seeds of one dataset, reading by reading, shares in the paper's order."""
    for reading in results[0].readings:
        for shares in zip(*(result.readings[reading] for result in results), strict=True):
            toc, worse = (
                {score: tuple(share[part][score] for share in shares) for score in SCORES} for part in ("toc", "worse")
            )
            random = tuple(statistics.fmean(share["random"]) for share in shares)
            spread = tuple(statistics.stdev(share["random"]) if len(share["random"]) > 1 else 0.0 for share in shares)
            percent, kept = 100 * shares[0]["share"], shares[0]["kept"]
            yield Masked(reading, percent, kept, random, spread, toc, worse, printed().get(percent, {}))
