"""Recipe arguments from a parameter file into a dataclass, and how a run is carried out (which changes no byte)."""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RecipeT = TypeVar("RecipeT", bound="DataclassInstance")
WORDS = {
    int: "a whole number",
    int | None: "a whole number or null",
    str: "text",
    tuple[int, ...] | None: "a list of whole numbers or null",
}
"""Types that recipe arguments have, in words."""


class RecipeError(ValueError):
    """A recipe argument that does not exist, or has a value of another type or an impossible one."""


def recipe_from(kind: type[RecipeT], values: Mapping[str, Any]) -> RecipeT:
    """Build a recipe dataclass; lists become tuples, nothing else is converted.

    Raises RecipeError naming the argument, and the nearest one where it is unknown, or what was expected and found.
    """
    names, types = [field.name for field in dataclasses.fields(kind)], get_type_hints(kind)
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            raise RecipeError(
                f"{kind.__name__}: unknown argument {key!r}; "
                + (f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names)}")
            )
    return kind(**{key: _of_type(types[key], value, key) for key, value in values.items()})


def _of_type(kind: Any, value: Any, what: str) -> Any:
    """`value`, which must have the type as it stands: `2.0`, `"2"` and `true` are no whole numbers."""
    try:
        return TypeAdapter(kind).validate_python(tuple(value) if isinstance(value, list) else value, strict=True)
    except ValidationError as error:
        raise RecipeError(f"{what}: expected {WORDS[kind]}, found {json.dumps(value, default=str)}") from error


def require(value: Any, allowed: tuple[Any, ...], what: str) -> None:
    """Raise RecipeError unless `value` is one of `allowed`."""
    if value not in allowed:
        raise RecipeError(f"{what}: expected one of {', '.join(map(repr, allowed))}, found {value!r}")


@dataclass(frozen=True)
class PixelRecipe:
    """What makes the numbers of pictures that no network sees. size: S, pixels a side; seconds: T. Values are uint8."""

    size: int = 224
    seconds: int = 10
    dtype: str = "uint8"

    def __post_init__(self) -> None:
        require(self.dtype, ("uint8",), "dtype")
        for name, value in (("size", self.size), ("seconds", self.seconds)):
            if value < 1:
                raise RecipeError(f"{name}: expected at least 1, found {value}")


@dataclass(frozen=True)
class Execution:
    """How extraction runs.

    device: `auto`, `cpu` or `cuda`; workers: decoding processes; time_limit: seconds one file may take to decode;
    memory_limit: bytes that decoding one file may take, None = unlimited.
    """

    device: str = "auto"
    workers: int = 2
    time_limit: float = 60.0
    memory_limit: int | None = None
