"""The datasets by name. A reader module has `Options` (a frozen dataclass) and `index(root, listing, options) -> IndexResult`."""

import difflib
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

from pydantic import TypeAdapter, ValidationError

from cmg.datasets.listing import Listing
from cmg.datasets.rows import IndexResult

READERS = {
    "vggsound_avel": "cmg.datasets.vggsound_avel",
    "ave": "cmg.datasets.ave",
    "avvp": "cmg.datasets.avvp",
    "ucf101": "cmg.datasets.ucf101",
    "vggsound": "cmg.datasets.vggsound",
    "clotho": "cmg.datasets.clotho",
    "mscoco": "cmg.datasets.mscoco",
    "flickrsound": "cmg.datasets.flickrsound",
    "valor32k": "cmg.datasets.valor32k",
    "avsbench_s4": "cmg.datasets.avsbench_s4",
    "celeba_hq": "cmg.datasets.celeba_hq",
}


class OptionError(ValueError):
    """A dataset that has no reader, or an option of one that does not exist or has a value of another type."""


def reader(name: str) -> ModuleType:
    """The reader module of a dataset, imported on demand. Raises OptionError naming the nearest dataset."""
    if name not in READERS:
        raise OptionError(f"unknown dataset {name!r}{_nearest(name, READERS)}; known: {', '.join(READERS)}")
    return importlib.import_module(READERS[name])


def index_dataset(name: str, root: Path, listing: Listing, options: Mapping[str, object] | None = None) -> IndexResult:
    """Read the annotation files below `root` into clip rows.

    options: the dataset's own settings by name (see the reader's `Options`); OptionError names what is wrong with one.
    Raises DatasetError when an annotation file is absent or another one than expected, FileChanged when it differs from the listing.
    """
    module = reader(name)
    return module.index(Path(root), listing, _options(name, module.Options, dict(options or {})))


def _options(name: str, kind: type, given: dict[str, object]) -> object:
    types = get_type_hints(kind)
    for key, value in given.items():
        if key not in types:
            raise OptionError(f"dataset {name}: unknown option {key!r}{_nearest(key, list(types))}; known: {', '.join(types) or 'none'}")
        try:
            TypeAdapter(types[key]).validate_python(value, strict=True)
        except ValidationError as error:
            raise OptionError(f"dataset {name}: {key}: {error.errors()[0]['msg']}, found {value!r}") from error
    return kind(**given)


def _nearest(word: str, known: Mapping[str, str] | list[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
