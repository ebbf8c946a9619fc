"""What pydantic finds wrong, in words of one line each."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError


def faults(error: ValidationError, *above: str) -> list[str]:
    """A line per fault: its dotted place below ``above``, what was expected, and what was found where the message does
    not say it."""
    return [_line(".".join([*above, *map(str, fault["loc"])]), fault) for fault in error.errors(include_url=False)]


def _line(place: str, fault: Mapping[str, Any]) -> str:
    said = fault["msg"].removeprefix("Value error, ")
    named = fault["type"] in ("value_error", "missing", "json_invalid") or isinstance(fault["input"], dict | list)
    found = "" if named else f", found {json.dumps(fault['input'], default=str)}"
    return f"{place}: {said}{found}" if place else said + found
