"""Reading a YAML file that people edit: what is wrong with it is one line that names the place."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

OUTSIDE = "stages and tools run in the project's folder, where params.yaml and dvc.yaml are"


class ParameterError(ValueError):
    """A value or key in params.yaml that cannot be used."""


def read(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        ParameterError: the file is absent, is no YAML in UTF-8, or holds something else than a mapping.
    """
    try:
        values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ParameterError(f"{path}: no such file here; {OUTSIDE}") from error
    except UnicodeDecodeError as error:
        raise ParameterError(
            f"{path}: expected text in UTF-8, found {error.object[error.start : error.end]!r}"
        ) from error
    except (YAMLError, ValueError) as error:
        raise ParameterError(f"{path}: {_place(error)}") from error
    if not isinstance(values, dict):
        raise ParameterError(
            f"{path}: expected keys and values, found {'nothing' if values is None else type(values).__name__}"
        )
    return values


def _place(error: Exception) -> str:
    """``line 3, column 5: …`` of what the parser says."""
    mark = getattr(error, "problem_mark", None)
    problem = " ".join(str(getattr(error, "problem", None) or error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else f"not YAML: {problem}"
