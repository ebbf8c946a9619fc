"""Configurations with a variant: an option left out (or null) takes the value of its variant, an option given wins over
it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from cmg.methods.sizes import SemanticSizes, Sizes


def by_variant(paper: Any, release: Any = ..., **constraints: Any) -> Any:
    """A field whose value is the variant's: that of `paper`, that of `release` (left out: the same), and constraints of
    `pydantic.Field`.

    A value may be a mapping from `modalities` to the value where the settings differ. For classes that derive from
    `Variant`.
    """
    return Field(json_schema_extra={"paper": paper, "release": paper if release is ... else release}, **constraints)


class Variant(Sizes):
    """Sizes, `variant`, `modalities`. `VARIANTS` holds what `by_variant` said of the fields: variant -> option ->
    value."""

    VARIANTS: ClassVar[dict[str, dict[str, Any]]] = {"paper": {}, "release": {}}

    variant: Literal["paper", "release"] = "paper"
    modalities: Literal["avt", "av"] = "avt"
    """Initials of audio, video and text: those that the model has. Upper case is read as lower case."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        extras = {option: field.json_schema_extra for option, field in cls.model_fields.items()}
        differ = {option: extra for option, extra in extras.items() if extra and isinstance(extra, dict)}
        cls.VARIANTS = {
            name: {option: values[name] for option, values in differ.items()} for name in ("paper", "release")
        }

    @model_validator(mode="before")
    @classmethod
    def _variant_values(cls, data: Any) -> Any:
        given = {key: value for key, value in data.items() if value is not None}
        given["modalities"] = setting = str(given.get("modalities", "avt")).lower()
        chosen = cls.VARIANTS["release" if given.get("variant") == "release" else "paper"]
        defaults = {
            key: value.get(setting, value["avt"]) if isinstance(value, dict) else value for key, value in chosen.items()
        }
        return {**defaults, **given}


class SemanticVariant(SemanticSizes, Variant):
    """The same on DCID's encoders."""
