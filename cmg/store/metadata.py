"""Zarr v3 metadata documents of a store, written by this project so that their bytes do not depend on a library version."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cmg.store.errors import StoreError
from cmg.store.files import canonical_json, text_digest
from cmg.store.schema import SCHEMA_VERSION, STATUS, ZSTD_LEVEL, StoreSpec, id_set_digest

CHUNK_SEPARATOR = "."
SMALL_ARRAYS = ("valid", "status", "ids", "fingerprint")


def chunk_name(array: str, chunk: int, dimensions: int) -> str:
    """Path of a chunk file inside the store, e.g. ``features/c.3.0.0.0.0``."""
    return f"{array}/c.{CHUNK_SEPARATOR.join([str(chunk)] + ['0'] * (dimensions - 1))}"


def features_metadata(spec: StoreSpec) -> bytes:
    """``features/zarr.json``: one inner chunk per clip, ``clips_per_shard`` of them per shard file."""
    inner = [_bytes_codec(spec.dtype)]
    if spec.compression == "zstd":
        inner.append({"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}})
    sharding = {
        "chunk_shape": [1, *spec.shape],
        "codecs": inner,
        "index_codecs": [_bytes_codec("uint64"), {"name": "crc32c"}],
        "index_location": "end",
    }
    codecs = [{"name": "sharding_indexed", "configuration": sharding}]
    return _array_metadata([len(spec.ids), *spec.shape], [spec.clips_per_shard, *spec.shape], spec.dtype, codecs)


def plain_metadata(array: np.ndarray) -> bytes:
    """``zarr.json`` of a small array that is one uncompressed chunk."""
    return _array_metadata(list(array.shape), list(array.shape), array.dtype.name, [_bytes_codec(array.dtype.name)])


def root_metadata(spec: StoreSpec, status: np.ndarray, files: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The root ``zarr.json``: its presence seals the store.

    Args:
        status: uint8 [N] codes.
        files: per file of the store (relative path), its ``bytes`` and ``sha256``.
    """
    attributes = {
        "schema_version": SCHEMA_VERSION,
        "dataset": spec.dataset,
        "modality": spec.modality,
        "provenance": spec.provenance,
        "recipe": spec.recipe,
        "recipe_key": spec.recipe_key,
        "weights_digest": spec.weights_digest,
        "clips": len(spec.ids),
        "clip_shape": list(spec.shape),
        "dtype": spec.dtype,
        "clips_per_shard": spec.clips_per_shard,
        "compression": spec.compression,
        "id_set_digest": id_set_digest(spec.ids),
        "status_codes": STATUS,
        "counts": {name: int((status == code).sum()) for name, code in STATUS.items()},
        "files": files,
    }
    attributes["seal"] = seal_of(attributes)
    return _document({"zarr_format": 3, "node_type": "group", "attributes": attributes})


def seal_of(attributes: Mapping[str, Any]) -> str:
    """SHA-256 over the attributes other than ``seal`` itself."""
    return text_digest(canonical_json({key: value for key, value in attributes.items() if key != "seal"}))


def sealed_attributes(document: Mapping[str, Any], path: object) -> dict[str, Any]:
    """Attributes of a root document, after checking that this project wrote it and that nobody has edited it.

    Raises:
        StoreError: not a feature store, another schema version, or edited after sealing.
    """
    attributes = document.get("attributes")
    if not isinstance(attributes, dict) or "schema_version" not in attributes:
        raise StoreError(f"{path}: expected a feature store, found a Zarr group without a schema version")
    if attributes["schema_version"] != SCHEMA_VERSION:
        raise StoreError(f"{path}: expected schema version {SCHEMA_VERSION}, found {attributes['schema_version']}; extract it again")
    if attributes.get("seal") != seal_of(attributes):
        raise StoreError(f"{path}/zarr.json: attributes were changed after sealing; restore the store or extract it again")
    return attributes


def _bytes_codec(dtype: str) -> dict[str, Any]:
    if np.dtype(dtype).itemsize == 1:
        return {"name": "bytes"}
    return {"name": "bytes", "configuration": {"endian": "little"}}


def _array_metadata(shape: Sequence[int], chunk: Sequence[int], dtype: str, codecs: list[dict[str, Any]]) -> bytes:
    return _document(
        {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(shape),
            "data_type": dtype,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": CHUNK_SEPARATOR}},
            "fill_value": 0.0 if np.dtype(dtype).kind == "f" else 0,
            "codecs": codecs,
            "attributes": {},
        }
    )


def _document(value: Mapping[str, Any]) -> bytes:
    return (canonical_json(value, indent=1) + "\n").encode()
