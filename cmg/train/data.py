"""Paired features of the pretraining clips.

Axes: B clips, T seconds, L words, H W 7x7, C channels.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from cmg.methods.types import Batch
from cmg.train.standardise import Standardiser

CHUNK = 256  # clips copied to the device at once
Fetched = TypeVar("Fetched")


class Rows(Protocol):
    """The part of a feature store that training reads."""

    @property
    def valid(self) -> np.ndarray:
        """int [N]: seconds (words) of each row that hold something."""
        ...

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Features of these rows, [n,T,…] in the stored dtype."""
        ...


class TrainingData(Protocol):
    """What the loop trains on: clips by position, fetched ahead in a thread and then placed on the device as a batch of
    the method."""

    @property
    def device(self) -> torch.device: ...

    def __len__(self) -> int: ...

    def fetch(self, positions: np.ndarray) -> Any:
        """Stored values of the clips at ``positions``."""
        ...

    def place(self, fetched: Any) -> Any:
        """What ``fetch`` gave as a batch on the device."""
        ...

    def in_order(self, batch_size: int) -> Iterator[Any]:
        """Every clip once, in row order."""
        ...


def read_padded(store: Rows, rows: np.ndarray) -> np.ndarray:
    """Features [n,T,…] of ``rows``; seconds past a clip's last valid one repeat it (the field's rule, facts/datasets.md
    2.2)."""
    features = store.read(rows)
    seconds = features.shape[1]
    valid = np.clip(np.asarray(store.valid)[rows], 1, seconds)
    if (valid == seconds).all():
        return features
    source = np.minimum(np.arange(seconds), valid[:, None] - 1)
    return features[np.arange(len(rows))[:, None], source]


def word_mask(store: Rows, rows: np.ndarray, words: int) -> np.ndarray:
    """Bool [n,L], True at words."""
    return np.arange(words) < np.asarray(store.valid)[rows][:, None]


@dataclass(frozen=True)
class PairedFeatures:
    """Stores of the three modalities and, per training clip, its row in each; read from the stores batch by batch.

    Attributes:
        clips: int [N] rows of the audio and video stores.
        sentences: int [N] rows of the text store.
    """

    audio: Rows
    video: Rows
    text: Rows
    clips: np.ndarray
    sentences: np.ndarray
    device: torch.device
    standardise: Standardiser = field(default_factory=Standardiser)

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def held(self) -> int:
        """Bytes of features that stay on the device."""
        return 0

    def fetch(self, positions: np.ndarray) -> dict[str, Tensor]:
        """Stored values of the clips at ``positions`` (into ``clips``), by field of ``Batch``; pinned where a GPU will
        copy them."""
        rows, sentences = self.clips[positions], self.sentences[positions]
        text = self.text.read(sentences)
        arrays = {"audio": read_padded(self.audio, rows), "video": read_padded(self.video, rows), "text": text}
        arrays["text_mask"] = word_mask(self.text, sentences, text.shape[1])
        arrays["text_lengths"] = arrays["text_mask"].sum(axis=1)
        tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
        return {name: x.pin_memory() for name, x in tensors.items()} if self.device.type == "cuda" else tensors

    def place(self, fetched: dict[str, Tensor]) -> Batch:
        """What ``fetch`` gave as float32 on the device, standardised; places without a word stay zero."""
        here = {name: x.to(self.device, non_blocking=True) for name, x in fetched.items() if name != "text_lengths"}
        mask = here.pop("text_mask")
        values = {name: self.standardise(name, x) for name, x in here.items()}
        return Batch(
            **{**values, "text": values["text"] * mask.unsqueeze(-1)},
            text_mask=mask,
            text_lengths=fetched["text_lengths"],
        )

    def batch(self, positions: np.ndarray) -> Batch:
        """The clips at ``positions``."""
        return self.place(self.fetch(positions))

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """Every clip once, in row order."""
        for start in range(0, len(self), batch_size):
            yield self.batch(np.arange(start, min(start + batch_size, len(self))))


@dataclass(frozen=True, kw_only=True)
class ResidentFeatures(PairedFeatures):
    """The same, on the device in the stored dtype, read from the stores once. `tables`: field of ``Batch`` -> [N,…],
    lengths on the CPU."""

    tables: dict[str, Tensor]

    @property
    def held(self) -> int:
        return sum(table.nbytes for table in self.tables.values())

    def fetch(self, positions: np.ndarray) -> dict[str, Tensor]:
        """As in ``PairedFeatures``, picked from the tables."""
        index = torch.from_numpy(np.array(positions))  # a copy: an epoch's order is read-only
        places = {
            device: index.to(device, non_blocking=True) for device in {table.device for table in self.tables.values()}
        }
        return {name: table.index_select(0, places[table.device]) for name, table in self.tables.items()}


def resident(data: PairedFeatures) -> ResidentFeatures:
    """Copy every training clip to the device."""
    first = data.fetch(np.arange(1))
    devices = {name: torch.device("cpu") if name == "text_lengths" else data.device for name in first}
    tables = {
        name: torch.empty(len(data), *x.shape[1:], dtype=x.dtype, device=devices[name]) for name, x in first.items()
    }
    for start in range(0, len(data), CHUNK):
        positions = np.arange(start, min(start + CHUNK, len(data)))
        for name, x in data.fetch(positions).items():
            tables[name][start : start + len(positions)] = x.to(devices[name])
    return ResidentFeatures(**{f.name: getattr(data, f.name) for f in fields(data)}, tables=tables)


def fits(data: PairedFeatures, share: float = 0.6) -> bool:
    """Whether the features take at most ``share`` of a GPU's free memory; a CPU reads them from the memory-mapped
    stores."""
    if data.device.type != "cuda":
        return False
    size = sum(x.numel() * x.element_size() for x in data.fetch(np.arange(1)).values()) * len(data)
    return size <= share * torch.cuda.mem_get_info(data.device)[0]


def ahead(fetch: Callable[[int], Fetched], steps: Iterable[int], depth: int = 2) -> Iterator[Fetched]:
    """``fetch(step)`` of every step, in order, up to ``depth`` steps ahead in a thread."""
    with ThreadPoolExecutor(1, "fetch") as pool:
        waiting: deque[Future] = deque()
        for step in steps:
            waiting.append(pool.submit(fetch, step))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@lru_cache(maxsize=2)  # an epoch and, fetched ahead, the next
def epoch_order(clips: int, seed: int, epoch: int) -> np.ndarray:
    """The permutation of an epoch, read-only; a function of seed and epoch alone, so that resuming needs no generator
    state."""
    order = np.random.default_rng([seed, epoch]).permutation(clips)
    order.setflags(write=False)
    return order
