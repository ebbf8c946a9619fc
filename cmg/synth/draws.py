"""Independent, reproducible random streams, one per purpose, so that no draw depends on the order of the others."""

import hashlib

import numpy as np

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """A generator that depends on the seed and the named purpose only."""
    text = "\x1f".join(str(part) for part in (seed, *purpose))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def video_id(seed: int, dataset: str, split: str, number: int, first: str = "") -> str:
    """An 11-character id in the alphabet of YouTube ids; `first` fixes its first character."""
    letters = stream(seed, "id", dataset, split, number).integers(len(ALPHABET), size=11)
    text = "".join(ALPHABET[i] for i in letters)
    return (first + text)[:11]


def interval(rng: np.random.Generator, seconds: int, whole: float) -> tuple[int, int]:
    """[onset, offset) in integer seconds: the whole clip with probability `whole`, else at least three seconds of
    it."""
    if rng.random() < whole:
        return 0, seconds
    length = int(rng.integers(min(3, seconds - 1), seconds))
    onset = int(rng.integers(0, seconds - length + 1))
    return onset, onset + length
