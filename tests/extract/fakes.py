"""Small stand-ins for extraction tests; what decoding processes run is top-level."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from cmg.extract.contract import Batch
from cmg.media.source import Decoded
from tests.media.tiny import decode_number


@dataclass
class Rows:
    """A writer that keeps rows in memory."""

    todo: list[int]
    put_rows: dict[int, tuple[np.ndarray, int]] = field(default_factory=dict)
    failed: dict[int, tuple[str, str]] = field(default_factory=dict)
    remarks: dict[int, list[tuple[str, str]]] = field(default_factory=dict)

    def put(self, row: int, features: np.ndarray, valid: int, remarks: Iterable[tuple[str, str]] = ()) -> None:
        self.put_rows[row] = (features.copy(), valid)
        self.remarks |= {row: list(remarks)} if remarks else {}

    def fail(self, row: int, status: str, reason: str) -> None:
        self.failed[row] = (status, reason)


class Doubling:
    """A network that doubles its input and remembers its batches."""

    def __init__(self, batch: int = 1) -> None:
        self.batch = batch
        self.batches: list[list[tuple[int, float]]] = []

    def __call__(self, items) -> Batch:
        self.batches.append([(place, float(clip.array[0, 0])) for place, clip in items])
        values = np.stack([clip.array for _, clip in items]) * 2
        return Batch(torch.from_numpy(values), [clip.valid for _, clip in items])


def decode_slowly(task: float) -> Decoded:
    """Takes 0.1 s and tells when (the monotonic clock is the same in all processes)."""
    begin = time.monotonic()
    time.sleep(0.1)
    return Decoded(np.array([[begin, time.monotonic()]]), 1)


__all__ = ["Doubling", "Rows", "decode_number", "decode_slowly"]
