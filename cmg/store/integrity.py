"""Is a store what it says it is? `verify` reads every byte, `summary` says what is in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cmg.files import file_digest
from cmg.store.errors import StoreError
from cmg.store.files import canonical_json
from cmg.store.metadata import chunk_name
from cmg.store.reader import FeatureStore, read_attributes
from cmg.store.schema import id_set_digest


@dataclass(frozen=True)
class Problem:
    """One finding: which file, and what was expected and found there."""

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def verify(path: Path) -> list[Problem]:
    """Compare every file of a sealed store with the recorded checksums, and its parts with each other; empty when all is well."""
    try:
        attributes = read_attributes(path)
    except StoreError as error:
        return [Problem("zarr.json", str(error))]
    if problems := list(_file_problems(path, attributes["files"])):
        return problems
    try:
        return list(_content_problems(FeatureStore(path)))
    except StoreError as error:
        return [Problem("zarr.json", f"contradicts the files it lists: {error}")]


def summary(path: Path) -> str:
    """What is in a store and how it was made, as text.

    Raises:
        StoreError: not a sealed store, or one whose files have other sizes than recorded.
    """
    store = FeatureStore(path)
    about = store.attrs
    counts = ", ".join(
        f"{count} {name}" for name, count in sorted(about["counts"].items(), key=lambda item: (item[0] != "ok", item)) if count
    )
    shards = sum(name.startswith("features/c.") for name in about["files"])
    size = sum(entry["bytes"] for entry in about["files"].values())
    lines = {
        "store": path,
        "holds": f"{about['modality']} of {about['dataset']}, {about['provenance']}",
        "clips": f"{about['clips']} ({counts})",
        "features": f"{tuple(about['clip_shape'])} {about['dtype']} per clip",
        "files": f"{len(about['files']) + 1}, {shards} of them shards of {about['clips_per_shard']} clips",
        "coding": about["compression"] or "uncompressed",
        "bytes": f"{size:,}",
        "recipe": canonical_json(about["recipe"]),
        "weights": about["weights_digest"] or "none",
        "id set": about["id_set_digest"],
        "digest": store.digest,
    }
    return "\n".join(f"{name:<9} {value}" for name, value in lines.items())


def _file_problems(path: Path, files: dict[str, dict[str, Any]]) -> Iterator[Problem]:
    for name, about in sorted(files.items()):
        file = path / name
        if not file.is_file():
            yield Problem(name, f"expected {about['bytes']} bytes, found no file")
        elif file.stat().st_size != about["bytes"]:
            yield Problem(name, f"expected {about['bytes']} bytes, found {file.stat().st_size}")
        elif (found := file_digest(file)) != about["sha256"]:
            yield Problem(name, f"expected SHA-256 {about['sha256']}, found {found}")
    present = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
    for name in sorted(present - set(files) - {"zarr.json"}):
        yield Problem(name, "a file that the seal does not know")


def _content_problems(store: FeatureStore) -> Iterator[Problem]:
    """Contradictions between parts whose bytes are as recorded: a fault of the writer."""
    clips, about = len(store), store.attrs
    for name in ("valid", "status", "ids", "fingerprints"):
        if len(getattr(store, name)) != clips:
            yield Problem(name, f"expected {clips} rows, found {len(getattr(store, name))}")
            return
    counts = {name: int((store.status == code).sum()) for name, code in about["status_codes"].items()}
    if counts != about["counts"]:
        yield Problem("status", f"expected counts {about['counts']}, found {counts}")
    if id_set_digest(store.ids) != about["id_set_digest"]:
        yield Problem("ids", f"expected id set {about['id_set_digest']}, found {id_set_digest(store.ids)}")
    if wrong := np.flatnonzero((store.status == 0) != (store.valid > 0)).tolist():
        yield Problem("valid", f"expected content exactly where status is ok, found otherwise in rows {wrong[:5]}")
    for shard in range(-(-clips // store.layout.slots)):
        yield from _shard_problems(store, shard)


def _shard_problems(store: FeatureStore, shard: int) -> Iterator[Problem]:
    name = chunk_name("features", shard, 1 + len(store.shape))
    first = shard * store.layout.slots
    try:
        present = store.shard(shard).lengths >= 0
    except StoreError as error:
        yield Problem(name, str(error))
        return
    expected = store.status[first : first + store.layout.slots] == 0
    expected = np.pad(expected, (0, store.layout.slots - len(expected)))
    for slot in np.flatnonzero(present != expected).tolist():
        yield Problem(name, f"row {first + slot}: expected {'features' if expected[slot] else 'none'}, found the opposite")
