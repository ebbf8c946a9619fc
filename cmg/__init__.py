"""Cross-Modal Generalization: features, unified discrete representations, and their evaluation.

The front door (docs/library.md)::

    model = cmg.load("data/checkpoints/fcid-0")               # cmg.model.Model
    model.encode(audio=features).indices                      # standardised as in training
    cmg.FeatureStore("data/features/ave/audio.zarr").read([0, 1])
    cmg.toc.toc_scores(model.codebooks).ranking

Each is imported when it is asked for, so that what needs no torch does not load it.
"""

from importlib import import_module
from typing import Any

# names, and the module of each
_OFFERED = {"FeatureStore": "cmg.store.reader", "Model": "cmg.model", "load": "cmg.model"}

__all__ = ["FeatureStore", "Model", "load", "toc"]  # noqa: F822


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name == "toc":
        return import_module("cmg.toc")
    if name in _OFFERED:
        return getattr(import_module(_OFFERED[name]), name)
    raise AttributeError(f"module 'cmg' has no attribute {name!r}; it offers {', '.join(__all__)}")
