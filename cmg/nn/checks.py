"""Arguments of losses and quantizers that cannot be meant: the error names the argument, what was expected and what was
found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from torch import Tensor


def check_option(what: str, value: str, kind: Any) -> None:
    """Raise ValueError unless `value` is among the strings of `kind`, a Literal. what: as it is called,
    `club estimate`."""
    known = get_args(kind)
    if value not in known:
        near = get_close_matches(str(value), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{what} {value!r}: expected one of {', '.join(map(repr, known))}{hint}")


def check_axes(what: str, axes: str, **tensors: Tensor) -> None:
    """Raise ValueError unless every tensor has as many axes as `axes` has words, and these the same sizes in all of
    them.

    axes: `B T D`; an axis in brackets, `[B] D`, may differ between the tensors.
    """
    names = axes.split()
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    fixed = [place for place, name in enumerate(names) if not name.startswith("[")]
    sizes = {tuple(shape[place] for place in fixed) for shape in shapes.values() if len(shape) == len(names)}
    if len(sizes) != 1 or any(len(shape) != len(names) for shape in shapes.values()):
        raise ValueError(
            f"{what}: expected [{','.join(name.strip('[]') for name in names)}] {_alike(names)}, "
            f"found {_listed(shapes)}"
        )


def check_alike(what: str, **tensors: Tensor) -> None:
    """Raise ValueError unless the tensors have one shape."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if len(set(shapes.values())) != 1:
        raise ValueError(f"{what}: expected one shape, found {_listed(shapes)}")


def check_width(what: str, x: Tensor, width: int) -> None:
    """Raise ValueError unless the last axis of `x` has `width` places."""
    if x.shape[-1:] != (width,):
        raise ValueError(f"{what}: expected [...,{width}], found {list(x.shape)}")


def check_number(what: str, value: float, least: float, most: float = math.inf) -> None:
    """Raise ValueError unless `value` is a number above `least` and at most `most`; a tensor, which may be learned, is
    not looked at."""
    if not isinstance(value, Tensor) and not least < value <= most:
        raise ValueError(
            f"{what}: expected a number above {least:g}{f' and at most {most:g}' * (most < math.inf)}, found {value!r}"
        )


def check_names(what: str, **mappings: Mapping[str, Any]) -> None:
    """Raise ValueError unless the mappings have the same modalities."""
    if len({frozenset(mapping) for mapping in mappings.values()}) != 1:
        found = "; ".join(f"{name} {', '.join(mapping) or 'nothing'}" for name, mapping in mappings.items())
        raise ValueError(f"{what}: expected the same modalities, found {found}")


def _alike(names: list[str]) -> str:
    free = [name.strip("[]") for name in names if name.startswith("[")]
    return f"(only {', '.join(free)} may differ)" if free else "of the same sizes"


def _listed(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
