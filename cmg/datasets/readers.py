"""Datasets by name (`cmg.registry.DATASETS`).

A reader module has `Options` (a frozen dataclass) and `index(root, listing, options) -> IndexResult`.
"""

import difflib
import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

from pydantic import TypeAdapter, ValidationError

from cmg.datasets.listing import Listing
from cmg.datasets.rows import IndexResult
from cmg.faults import faults
from cmg.registry import DATASETS


class OptionError(ValueError):
    """A dataset that has no reader, or an option of one that does not exist or has a value of another type."""


def reader(name: str, source: str = "") -> ModuleType:
    """The reader module of a dataset, imported on demand; that of manifests for one of `source: csv`, whatever its
    name.

    Raises OptionError naming the nearest dataset.
    """
    name = source if source == "csv" else name
    if name not in DATASETS:
        raise OptionError(f"unknown dataset {name!r}{_nearest(name, DATASETS)}; known: {', '.join(DATASETS)}")
    return importlib.import_module(DATASETS[name].module)


def index_dataset(
    name: str, root: Path, listing: Listing, options: Mapping[str, object] | None = None, source: str = ""
) -> IndexResult:
    """Read the annotation files below `root` into clip rows.

    source: `csv` where the dataset is a manifest.
    options: the dataset's own settings by name (see the reader's `Options`); OptionError names what is wrong with one.
    Raises DatasetError when an annotation file is absent or another one than expected, FileChanged when it differs from
    the listing.
    """
    module = reader(name, source)
    return module.index(Path(root), listing, _options(name, module.Options, dict(options or {})))


def _options(name: str, kind: type, given: dict[str, object]) -> object:
    types = get_type_hints(kind)
    for key, value in given.items():
        if key not in types:
            raise OptionError(
                f"dataset {name}: unknown option {key!r}{_nearest(key, list(types))}; "
                f"known: {', '.join(types) or 'none'}"
            )
        try:
            TypeAdapter(types[key]).validate_python(value, strict=True)
        except ValidationError as error:
            raise OptionError(f"dataset {name}: {faults(error, key)[0]}") from error
    return kind(**given)


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
