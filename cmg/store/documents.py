"""Canonical JSON, digests of text, links, and folders whose names are on disk."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cmg.store.errors import StoreError


def canonical_json(value: Any, indent: int | None = None) -> str:
    """JSON with sorted keys, ASCII only and no NaN: the same value gives the same text.

    Raises:
        StoreError: ``value`` holds something JSON cannot say (an object, a NaN).
    """
    separators = None if indent else (",", ":")
    try:
        return json.dumps(
            value, sort_keys=True, ensure_ascii=True, allow_nan=False, indent=indent, separators=separators
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"expected plain JSON values (text, numbers, lists, mappings), found: {error}") from error


def document(value: Mapping[str, Any]) -> bytes:
    """A file of JSON: canonical, indented, ended by a newline."""
    return (canonical_json(value, indent=1) + "\n").encode()


def text_digest(text: str) -> str:
    """SHA-256 of the UTF-8 text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from ``file``; raises ``StoreError`` when it holds anything else."""
    return parse_json(file.read_bytes(), file)


def parse_json(data: bytes, file: Path) -> dict[str, Any]:
    """The JSON object that ``data``, the content of ``file``, holds; raises ``StoreError`` when it is anything else."""
    try:
        value = json.loads(data)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StoreError(f"{file}: expected JSON, found {error}") from error
    if not isinstance(value, Mapping):
        raise StoreError(f"{file}: expected a JSON object, found {type(value).__name__}")
    return dict(value)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for ``source``; a copy on file systems without hard links (the same bytes either way).

    Raises:
        StoreError: ``source`` does not exist.
    """
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError as error:
        raise StoreError(f"{source}: expected a file of the store, found none") from error
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, target)
