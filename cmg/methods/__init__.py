"""Methods by name; a module is imported when its method is asked for.

build("fcid", {"codebook_size": 400}) -> Method
config_class("fcid") -> its frozen pydantic model (unknown keys are rejected)
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cmg.registry import METHODS

if TYPE_CHECKING:
    from pydantic import BaseModel

    from cmg.methods.base import Method


def _place(name: str) -> tuple[str, str]:
    if name not in METHODS:
        near = get_close_matches(name, METHODS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise KeyError(f"unknown method '{name}'{hint} (known: {', '.join(METHODS)})")
    module, _, attribute = METHODS[name].partition(":")
    return module, attribute


def method_class(name: str) -> type[Method]:
    """The class registered under `name`; KeyError names the nearest one."""
    module, attribute = _place(name)
    return getattr(import_module(module), attribute)


def config_class(name: str) -> type[BaseModel]:
    """The configuration model of a method, imported without the method: no torch. KeyError as above."""
    module, attribute = _place(name)
    return getattr(import_module(f"{module.rpartition('.')[0]}.config"), f"{attribute}Config")


def build(name: str, config: Mapping[str, Any]) -> Method:
    """A method with fresh weights (torch's global generator) from a plain mapping of its parameters."""
    chosen = method_class(name)
    return chosen.of(chosen.Config.model_validate(dict(config)))
