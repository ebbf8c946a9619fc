"""Recipe arguments from a parameter file into a dataclass, and how a run is carried out (which changes no byte)."""

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

RecipeT = TypeVar("RecipeT")


class RecipeError(ValueError):
    """A recipe argument that does not exist or has an impossible value."""


def recipe_from(kind: type[RecipeT], values: Mapping[str, Any]) -> RecipeT:
    """Build a recipe dataclass; lists become tuples. Raises RecipeError naming the argument and, if unknown, the nearest one."""
    names = [field.name for field in dataclasses.fields(kind)]
    for key in values:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            raise RecipeError(
                f"{kind.__name__}: unknown argument {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names)}")
            )
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


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
        if self.size < 1 or self.seconds < 1 or self.dtype != "uint8":
            raise RecipeError(f"expected positive size and seconds and dtype uint8, found {self.size}, {self.seconds}, {self.dtype}")


@dataclass(frozen=True)
class Options:
    """How extraction runs.

    device: `auto`, `cpu` or `cuda`; workers: decoding processes; time_limit: seconds one file may take to decode;
    memory_limit: bytes that decoding one file may take, None = unlimited.
    """

    device: str = "auto"
    workers: int = 2
    time_limit: float = 60.0
    memory_limit: int | None = None
