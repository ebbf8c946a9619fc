"""Configurations with a variant: an option left out (or null) takes the value of its variant, an option given wins over it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from cmg.methods.sizes import Sizes

Modalities = Literal["avt", "av"]


class Variant(Sizes):
    """Sizes, `variant`, `modalities`; a subclass sets VARIANTS: variant -> option -> value.

    The value of an option may be a mapping from `modalities` to the value where the two settings differ.
    """

    VARIANTS: ClassVar[dict[str, dict[str, Any]]] = {}

    layers: int = Field(2, ge=1, description="encoder layers of a temporal block")
    text_hidden: int = Field(128, ge=1, description="width of the text BiLSTM, per direction")
    variant: Literal["paper", "release"] = "paper"
    modalities: Modalities = "avt"
    """Audio, video and text, or audio and video only."""

    @model_validator(mode="before")
    @classmethod
    def _variant_values(cls, data: Any) -> Any:
        given = {key: value for key, value in data.items() if value is not None}
        setting = given.get("modalities", "avt")
        chosen = cls.VARIANTS.get(given.get("variant", "paper"), {})
        defaults = {key: value.get(setting) if isinstance(value, dict) else value for key, value in chosen.items()}
        return {**defaults, **given}
