"""From finished shards to a sealed store at its final place; every step can be repeated after a kill."""

import os
import shutil
from pathlib import Path

import numpy as np

from cmg.files import file_digest, write_bytes
from cmg.store.arrays import array_files, root_document
from cmg.store.documents import canonical_json, link_or_copy, sync_folder
from cmg.store.errors import StoreError
from cmg.store.reuse import KNOWN
from cmg.store.root import ROOT, sealed_attributes
from cmg.store.schema import STATUS, encode_text
from cmg.store.staging import Staging

ARRAYS = ("features", "valid", "status", "ids", "fingerprint")


def build(staging: Staging) -> None:
    """Complete ``store.zarr`` in the staging folder: small arrays, metadata, and the root ``zarr.json`` last."""
    store, spec = staging.folder / "store.zarr", staging.spec
    outcomes = [staging.outcomes[row] for row in range(len(spec.ids))]
    small = {
        "valid": np.array([outcome.valid for outcome in outcomes], "<i4"),
        "status": np.array([STATUS[outcome.status] for outcome in outcomes], np.uint8),
        "ids": encode_text(spec.ids),
        "fingerprint": encode_text(spec.fingerprints),
    }
    files = {staging.files.shard_name(shard): staging.marks[shard] for shard in range(spec.shards)}
    for name, data in array_files(spec, small).items():
        files[name] = _write(store / name, data, staging.folder)
    for name in ARRAYS:
        sync_folder(store / name)
    _write(store / ROOT, root_document(sealed_attributes(spec, small["status"], files)), staging.folder)
    sync_folder(store)


def keep_previous(staging: Staging, previous: Path) -> None:
    """Replace ``previous`` by hard links to the finished store, with the reasons of its failures and the remarks about
    its clips."""
    fresh = staging.folder / "previous"
    remove_store(fresh / "store.zarr")
    source = staging.folder / "store.zarr"
    for file in sorted(file for file in source.rglob("*") if file.is_file()):
        target = fresh / "store.zarr" / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(file, target)
    known = {
        "store": file_digest(source / ROOT),
        "code": staging.spec.code,
        "reasons": {str(row): found.reason for row, found in staging.outcomes.items() if found.reason},
        "remarks": {str(row): found.remarks for row, found in staging.outcomes.items() if found.remarks},
    }
    write_bytes(fresh / KNOWN, canonical_json(known).encode(), staging.folder)
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
    (store / ROOT).unlink(missing_ok=True)
    if store.exists():
        shutil.rmtree(store)


def _write(file: Path, data: bytes, folder: Path) -> dict:
    write_bytes(file, data, folder)
    return {"bytes": len(data), "sha256": file_digest(file)}


def _check_ours(path: Path) -> None:
    known = {ROOT, *ARRAYS}
    if path.is_symlink() or not path.is_dir() or not {entry.name for entry in path.iterdir()} <= known:
        raise StoreError(f"{path}: expected a feature store or nothing, found something else; move it away")
