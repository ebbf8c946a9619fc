"""The root ``zarr.json``: its attributes, the seal over them, and the files of a store against what it records."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cmg.files import file_digest
from cmg.store.documents import canonical_json, document, parse_json, text_digest
from cmg.store.errors import REMEDY, StoreError
from cmg.store.schema import SCHEMA_VERSION, STATUS, StoreSpec, id_set_digest

ROOT, FEATURES = "zarr.json", "features/zarr.json"
# what is taken over of a spec
TAKEN = "dataset modality provenance recipe recipe_key weights_digest dtype clips_per_shard compression".split()
TRIES, PAUSE = 20, 0.01  # how often, and how many seconds apart, a store that is being replaced is looked for


@dataclass(frozen=True)
class Problem:
    """One finding: which file of a store, and what was expected and found there."""

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


@dataclass(frozen=True)
class Root:
    """The sealed root of a store: its attributes, and the SHA-256 of its bytes, which stands for the whole store."""

    attributes: dict[str, Any]
    digest: str


def chunk_name(array: str, chunk: int, dimensions: int) -> str:
    """Path of a chunk (of ``features``: shard) file inside the store, e.g. ``features/c.3.0.0.0.0``."""
    return f"{array}/c.{'.'.join([str(chunk)] + ['0'] * (dimensions - 1))}"


def sealed_attributes(spec: StoreSpec, status: np.ndarray, files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Attributes of the root, seal included.

    Args:
        status: uint8 [N] codes.
        files: per other file of the store (relative path), its ``bytes`` and ``sha256``.
    """
    attributes = {name: getattr(spec, name) for name in TAKEN} | {
        "schema_version": SCHEMA_VERSION,
        "clips": len(spec.ids),
        "clip_shape": list(spec.shape),
        "id_set_digest": id_set_digest(spec.ids),
        "status_codes": STATUS,
        "counts": {name: int((status == code).sum()) for name, code in STATUS.items()},
        "files": files,
    }
    return attributes | {"seal": seal_of(attributes)}


def seal_of(attributes: Mapping[str, Any]) -> str:
    """SHA-256 over the attributes other than ``seal`` itself."""
    return text_digest(canonical_json({key: value for key, value in attributes.items() if key != "seal"}))


def open_root(path: Path) -> Root:
    """The root of the sealed store at ``path``, every file of which has the size that it records.

    While another store takes the place of this one, that one's: nobody meets half of each.

    Raises:
        StoreError: no store, one of another schema version, edited after sealing, or a file missing or of another size.
    """
    for _ in range(TRIES):
        if (data := _peek(path)) is None:
            time.sleep(PAUSE)
            continue
        root = _parse(path, data)
        problem = next(file_problems(path, root.attributes["files"], checksums=False), None)
        if problem is None:
            return root
        if stands(path, root.digest):
            raise StoreError(f"{path}/{problem}; remove the store, then: {REMEDY}")
    raise _absent(path)


def read_root(path: Path) -> Root:
    """The root of the sealed store at ``path``, whatever became of its files; raises ``StoreError`` like
    ``open_root``."""
    if (data := _peek(path)) is None:
        raise _absent(path)
    return _parse(path, data)


def stands(path: Path, digest: str) -> bool:
    """Whether the store whose root has this digest is at ``path``."""
    return hashlib.sha256(_peek(path) or b"").hexdigest() == digest


def file_problems(path: Path, files: Mapping[str, Mapping[str, Any]], checksums: bool) -> Iterator[Problem]:
    """Files that are missing or not of the recorded size; with ``checksums``, also those of other bytes."""
    for name, about in sorted(files.items()):
        try:
            found = (path / name).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            yield Problem(name, f"expected {about['bytes']} bytes, found no file")
            continue
        if found != about["bytes"]:
            yield Problem(name, f"expected {about['bytes']} bytes, found {found}: truncated or changed")
        elif checksums and (digest := file_digest(path / name)) != about["sha256"]:
            yield Problem(name, f"expected SHA-256 {about['sha256']}, found {digest}")


def _peek(path: Path) -> bytes | None:
    try:
        return (path / ROOT).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _absent(path: Path) -> StoreError:
    found = "one that is not sealed (no zarr.json): extraction has not finished" if path.is_dir() else "nothing"
    return StoreError(f"{path}: expected a feature store, found {found}; run: dvc repro")


def _parse(path: Path, data: bytes) -> Root:
    content = parse_json(data, path / ROOT)
    attributes = content.get("attributes")
    if not isinstance(attributes, dict) or "schema_version" not in attributes:
        raise StoreError(f"{path}: expected a feature store, found a Zarr group without a schema version")
    if (found := attributes["schema_version"]) != SCHEMA_VERSION:
        raise StoreError(f"{path}: expected schema version {SCHEMA_VERSION}, found {found}; extract it again")
    if attributes.get("seal") != seal_of(attributes) or data != document(content):
        raise StoreError(f"{path}/zarr.json: changed after sealing; remove the store, then: {REMEDY}")
    return Root(attributes, hashlib.sha256(data).hexdigest())
