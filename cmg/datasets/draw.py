"""A subset by a stated rule, for evaluation sets that their authors did not publish."""

import hashlib
from collections.abc import Iterable


def draw(ids: Iterable[str], count: int, seed: int) -> set[str]:
    """The `count` ids whose SHA-256 of "<seed>:<id>" is smallest: independent of order, platform and library
    versions."""

    def key(text: str) -> str:
        return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()

    return set(sorted(set(ids), key=key)[:count])
