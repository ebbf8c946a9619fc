"""Editing a params.yaml; the shipped one with other values."""

from pathlib import Path

from ruamel.yaml import YAML

from cmg.methods import METHODS
from pipeline.params import Params, parse


def set_value(file: Path, key: str, value: object) -> None:
    """Set one value by its dotted key; KeyError where a parent section is absent. Comments go: ruamel misplaces those
    of emptied lists."""
    values = section = YAML(typ="safe").load(file.read_text())
    *parents, last = key.split(".")
    for parent in parents:
        section = section[parent]
    section[last] = value
    with file.open("w") as handle:
        YAML().dump(values, handle)


def shipped(**changes: object) -> Params:
    """The repository's params.yaml with other values of some top-level keys."""
    values = YAML(typ="safe", pure=True).load(Path("params.yaml").read_text())
    return parse({**values, **changes}, list(METHODS))
