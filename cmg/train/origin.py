"""Where features come from, so that a method meets no others than those it was trained on."""

from collections.abc import Mapping
from typing import Any

# how much of a clip a store covers: it may differ between datasets
EXTENT = {"video": "seconds", "audio": "seconds", "text": "words"}

USUAL = 10  # seconds or words that a method met in training, where its checkpoint does not say


class OtherFeatures(ValueError):
    """A store whose features were made in another way than those a method was trained on."""


def origin(store) -> dict[str, Any]:
    """How the features of a store were made: provenance, recipe, digest of the weights."""
    return {name: store.attrs[name] for name in ("provenance", "recipe", "weights_digest")}


def check_origin(trained: Mapping[str, Mapping[str, Any]], store, modality: str) -> None:
    """Features of another recipe or other weights than in training would be encoded into noise without any sign of it.

    trained: `origin` by modality, as the checkpoint records it. Imported features are not compared: a released file
    does not say how it was made. Raises OtherFeatures naming the store and every difference.
    """
    known, found = trained.get(modality), origin(store)
    if known is None or "released" in (known["provenance"], found["provenance"]):
        return
    fields = {"weights_digest": (known["weights_digest"], found["weights_digest"])}
    names = sorted((known["recipe"].keys() | found["recipe"].keys()) - {EXTENT.get(modality)})
    fields |= {f"recipe.{name}": (known["recipe"].get(name), found["recipe"].get(name)) for name in names}
    if different := [f"{name}: trained on {a}, found {b}" for name, (a, b) in fields.items() if a != b]:
        raise OtherFeatures(
            f"{store.path}: not the features of training; {'; '.join(different)}; run: dvc repro features_{modality}"
        )


def met_in_training(about: Mapping[str, Any], modality: str) -> int:
    """Most seconds (words) of a clip that a method met in training; retrieval has one code of so many. about: as its
    checkpoint says."""
    trained = about.get("features", {}).get(modality, {}).get("recipe", {})
    return trained.get(EXTENT[modality], USUAL)
