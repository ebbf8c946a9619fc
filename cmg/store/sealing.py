"""From finished shards to a sealed store at its final place; every step can be repeated after a kill."""

import os
import shutil
from pathlib import Path

import numpy as np

from cmg.files import file_digest, write_bytes
from cmg.store.errors import StoreError
from cmg.store.files import canonical_json, link_or_copy, sync_folder
from cmg.store.metadata import SMALL_ARRAYS, chunk_name, features_metadata, plain_metadata, root_metadata
from cmg.store.reuse import REASONS
from cmg.store.schema import STATUS, encode_text
from cmg.store.staging import Staging


def build(staging: Staging) -> None:
    """Complete ``store.zarr`` in the staging folder: small arrays, metadata, and the root ``zarr.json`` last."""
    store, spec = staging.folder / "store.zarr", staging.spec
    outcomes = [staging.outcomes[row] for row in range(len(spec.ids))]
    arrays = {
        "valid": np.array([outcome.valid for outcome in outcomes], "<i4"),
        "status": np.array([STATUS[outcome.status] for outcome in outcomes], np.uint8),
        "ids": encode_text(spec.ids),
        "fingerprint": encode_text(spec.fingerprints),
    }
    documents = {"features/zarr.json": features_metadata(spec)}
    for name in SMALL_ARRAYS:
        documents[f"{name}/zarr.json"] = plain_metadata(arrays[name])
        documents[chunk_name(name, 0, arrays[name].ndim)] = arrays[name].tobytes()
    files = {chunk_name("features", shard, 1 + len(spec.shape)): staging.marks[shard] for shard in range(spec.shards)}
    for name, data in documents.items():
        files[name] = _write(store / name, data, staging.folder)
    for name in ("features", *SMALL_ARRAYS):
        sync_folder(store / name)
    _write(store / "zarr.json", root_metadata(spec, arrays["status"], files), staging.folder)
    sync_folder(store)


def keep_previous(staging: Staging, previous: Path, reasons: dict[str, str]) -> None:
    """Replace ``previous`` by hard links to the finished store, with the reasons of its failures."""
    fresh = staging.folder / "previous"
    remove_store(fresh / "store.zarr")
    source = staging.folder / "store.zarr"
    for file in sorted(file for file in source.rglob("*") if file.is_file()):
        target = fresh / "store.zarr" / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(file, target)
    known = {"store": file_digest(source / "zarr.json"), "code": staging.spec.code, "reasons": reasons}
    write_bytes(fresh / REASONS, canonical_json(known).encode(), staging.folder)
    remove_store(previous / "store.zarr")
    if previous.exists():
        shutil.rmtree(previous)
    os.replace(fresh, previous)


def publish(staging: Staging, path: Path) -> None:
    """Move the sealed store to ``path`` in one rename; what stood there goes first.

    Raises:
        StoreError: ``path`` is something other than a feature store.
    """
    retired = staging.folder / "retired"
    if retired.exists():
        shutil.rmtree(retired)
    if path.exists() or path.is_symlink():
        _check_ours(path)
        os.rename(path, retired)
    os.rename(staging.folder / "store.zarr", path)
    sync_folder(path.parent)


def remove_store(store: Path) -> None:
    """Delete a store, its seal first, so that a half-deleted one is never taken for whole."""
    (store / "zarr.json").unlink(missing_ok=True)
    if store.exists():
        shutil.rmtree(store)


def _write(file: Path, data: bytes, folder: Path) -> dict:
    write_bytes(file, data, folder)
    return {"bytes": len(data), "sha256": file_digest(file)}


def _check_ours(path: Path) -> None:
    known = {"zarr.json", "features", *SMALL_ARRAYS}
    if path.is_symlink() or not path.is_dir() or not {entry.name for entry in path.iterdir()} <= known:
        raise StoreError(f"{path}: expected a feature store or nothing, found something else; move it away")
