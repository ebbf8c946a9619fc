"""Editing a params.yaml, comments kept."""

from pathlib import Path

from ruamel.yaml import YAML


def set_value(file: Path, key: str, value: object) -> None:
    """Set one value by its dotted key; KeyError where a parent section is absent."""
    yaml = YAML()
    values = section = yaml.load(file.read_text())
    *parents, last = key.split(".")
    for parent in parents:
        section = section[parent]
    section[last] = value
    with file.open("w") as handle:
        yaml.dump(values, handle)
