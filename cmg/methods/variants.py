"""Configurations with a variant: an option left out (or null) takes the value of its variant, an option given wins over it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from cmg.methods.sizes import SemanticSizes, Sizes


class Variant(Sizes):
    """Sizes, `variant`, `modalities`; a subclass sets VARIANTS: variant -> option -> value.

    The value of an option may be a mapping from `modalities` to the value where the settings differ.
    """

    VARIANTS: ClassVar[dict[str, dict[str, Any]]] = {}

    variant: Literal["paper", "release"] = "paper"
    modalities: Literal["avt", "av"] = "avt"
    """Initials of audio, video and text: those that the model has. Upper case is read as lower case."""

    @model_validator(mode="before")
    @classmethod
    def _variant_values(cls, data: Any) -> Any:
        given = {key: value for key, value in data.items() if value is not None}
        given["modalities"] = setting = str(given.get("modalities", "avt")).lower()
        chosen = cls.VARIANTS.get(given.get("variant", "paper"), {})
        defaults = {key: value.get(setting) if isinstance(value, dict) else value for key, value in chosen.items()}
        return {**defaults, **given}


class SemanticVariant(SemanticSizes, Variant):
    """The same on DCID's encoders."""
