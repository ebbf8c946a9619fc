"""What a feature store is: its specification, status codes, text encoding and Zarr v3 metadata.

Everything here is deterministic: the same specification gives the same bytes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from cmg.store.documents import canonical_json, text_digest
from cmg.store.errors import StoreError

SCHEMA_VERSION = 1

STATUS: dict[str, int] = {
    "ok": 0,
    "missing": 1,
    "malformed": 2,
    "refused": 3,
    "unreadable": 4,
    "no_video": 5,
    "no_audio": 6,
    "empty": 7,
    "timeout": 8,
    "changed": 9,
    "too_short": 10,
    "memory": 11,
    "crashed": 12,
    "ambiguous": 13,
}
"""Status of a row and its code in ``status [N]``; every code but ``ok`` is a failure, whose features read as zeros."""

DTYPES = ("float16", "float32", "float64", "uint8", "int16", "int32", "int64")
COMPRESSIONS = (None, "zstd")
ZSTD_LEVEL = 3
SHARD_BYTES = 128 * 2**20


@dataclass(frozen=True)
class Layout:
    """Shape and coding of one shard file: ``slots`` clips of ``clip_shape``, each an inner chunk."""

    slots: int
    clip_shape: tuple[int, ...]
    dtype: str
    compression: str | None

    @property
    def clip_bytes(self) -> int:
        return _clip_bytes(self.clip_shape, self.dtype)


def default_clips_per_shard(clip_bytes: int) -> int:
    """Largest power of two whose shard stays within 128 MiB (so full shards hold 64 to 128 MiB); at least 1."""
    return 1 << max(0, (SHARD_BYTES // clip_bytes).bit_length() - 1)


@dataclass(frozen=True)
class StoreSpec:
    """What a store will hold; checked when built.

    Attributes:
        ids: clip ids in row order; opaque text without NUL, may repeat.
        fingerprints: per row, text that changes when anything about the clip that its features depend on changes
            (media content, start, duration); ASCII, may be empty for a clip without media.
        shape: shape of one clip's features, e.g. ``(10, 7, 7, 512)`` (seconds, height, width, channels).
        dtype: NumPy name, one of ``DTYPES``.
        recipe: plain JSON mapping that states how features are made.
        weights_digest: SHA-256 of the network weights, or "" where there are none.
        clips_per_shard: None chooses ``default_clips_per_shard``.
        compression: None (memory-mappable) or "zstd".
        provenance: "extracted" or "released".
        code: digest of the code that computes features, or "". It is not part of the store: rows are taken over only
            from work that is known to have been done by the same code ("": by any).

    Raises:
        StoreError: naming the field, what was expected and what was found.
    """

    dataset: str
    modality: str
    ids: Sequence[str]
    fingerprints: Sequence[str]
    shape: tuple[int, ...]
    dtype: str
    recipe: Mapping[str, Any]
    weights_digest: str = ""
    clips_per_shard: int | None = None
    compression: str | None = None
    provenance: str = "extracted"
    code: str = ""

    def __post_init__(self) -> None:
        name = f"store specification {self.dataset}/{self.modality}"
        for field, value in (
            ("ids", list(self.ids)),
            ("fingerprints", list(self.fingerprints)),
            ("shape", tuple(map(int, self.shape))),
        ):
            object.__setattr__(self, field, value)
        _expect(len(self.ids) > 0, name, "at least one clip", "none")
        _expect(
            len(self.fingerprints) == len(self.ids),
            name,
            f"{len(self.ids)} fingerprints, one per id",
            len(self.fingerprints),
        )
        _expect(bool(self.shape) and min(self.shape) > 0, name, "a shape of positive sizes", self.shape)
        _expect(self.dtype in DTYPES, name, f"a dtype among {', '.join(DTYPES)}", self.dtype)
        _expect(self.compression in COMPRESSIONS, name, "compression None or 'zstd'", self.compression)
        clip_bytes = _clip_bytes(self.shape, self.dtype)
        count = _clips_per_shard(self.clips_per_shard, clip_bytes)
        _expect(count >= 1, name, "clips_per_shard of at least 1", count)
        object.__setattr__(self, "clips_per_shard", int(count))
        object.__setattr__(self, "recipe", dict(self.recipe))
        canonical_json(self.recipe)
        encode_text(self.ids)
        encode_text(self.fingerprints)

    @cached_property
    def layout(self) -> Layout:
        slots = _clips_per_shard(self.clips_per_shard, _clip_bytes(self.shape, self.dtype))
        return Layout(slots, self.shape, self.dtype, self.compression)

    @property
    def shards(self) -> int:
        return -(-len(self.ids) // self.layout.slots)

    def shard_rows(self, shard: int) -> range:
        """Rows that shard number ``shard`` holds."""
        slots = self.layout.slots
        return range(shard * slots, min((shard + 1) * slots, len(self.ids)))

    def key(self, row: int) -> tuple[str, str]:
        """What a row's features are reused by: clip id and fingerprint."""
        return self.ids[row], self.fingerprints[row]

    @cached_property
    def recipe_key(self) -> str:
        """Digest of everything but the clips that features depend on; equal keys make rows interchangeable."""
        parts = [
            SCHEMA_VERSION,
            self.modality,
            list(self.shape),
            self.dtype,
            self.recipe,
            self.weights_digest,
            self.provenance,
        ]
        return text_digest(canonical_json(parts))

    @cached_property
    def digest(self) -> str:
        """Digest of the whole specification."""
        return text_digest(canonical_json(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"shape": list(self.shape)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "StoreSpec":
        """Inverse of ``to_json``; raises ``StoreError`` on other keys."""
        known = {field.name for field in fields(cls)}
        if set(values) != known:
            raise StoreError(f"store specification: expected keys {sorted(known)}, found {sorted(values)}")
        return cls(**values)


def _clip_bytes(shape: tuple[int, ...], dtype: str) -> int:
    return math.prod(shape) * np.dtype(dtype).itemsize


def _clips_per_shard(asked: int | None, clip_bytes: int) -> int:
    return default_clips_per_shard(clip_bytes) if asked is None else asked


def _expect(condition: bool, name: str, expected: str, found: object) -> None:
    if not condition:
        raise StoreError(f"{name}: expected {expected}, found {found}")


def id_set_digest(ids: Sequence[str]) -> str:
    """SHA-256 over the sorted distinct ids, NUL between them: equal for equal sets, whatever the order."""
    return text_digest("\0".join(sorted(set(ids))))


def encode_text(values: Sequence[str]) -> np.ndarray:
    """UTF-8 text as ``uint8 [N, W]``, zero-padded; W is the longest value's byte count, at least 1.

    Raises:
        StoreError: a value holds NUL or a lone surrogate, so that it would not come back as it went in.
    """
    encoded = []
    for row, value in enumerate(values):
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            raise StoreError(f"row {row}: expected text that UTF-8 can hold, found {value!r}") from error
        if b"\0" in data:
            raise StoreError(f"row {row}: expected text without NUL, found {value!r}")
        encoded.append(data)
    width = max(1, *map(len, encoded))
    return np.frombuffer(b"".join(data.ljust(width, b"\0") for data in encoded), np.uint8).reshape(len(encoded), width)


def decode_text(array: np.ndarray) -> list[str]:
    """Inverse of ``encode_text``; raises ``StoreError`` on bytes that are not UTF-8."""
    try:
        return [bytes(row).rstrip(b"\0").decode() for row in array]
    except UnicodeDecodeError as error:
        raise StoreError(f"expected UTF-8 text, found {error}") from error
