"""Class -> sentence tables: csv files `label,prompt` that a user may replace (the papers pair each clip with its
class's sentence)."""

import csv
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent  # the project's own, named as the dataset


class PromptError(ValueError):
    """A prompt table that cannot be used; the message names the file and the label."""


def read_prompts(path: Path) -> dict[str, str]:
    """Sentence by label. Raises PromptError for no csv, another header, a repeated label, or an empty label or
    sentence."""
    path = Path(path)
    if not path.is_file():
        raise PromptError(f"{path}: expected a csv file with the header label,prompt, found no file")
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise PromptError(
            f"{path}: expected a csv file in UTF-8 with the header label,prompt, found {error}"
        ) from error
    if not rows or rows[0] != ["label", "prompt"]:
        raise PromptError(
            f"{path}: expected the header label,prompt, found {','.join(rows[0]) if rows else 'an empty file'!r}"
        )
    prompts: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != 2 or not row[0].strip() or not row[1].strip():
            raise PromptError(f"{path}: row {number}: expected a label and a sentence, found {row}")
        if row[0] in prompts:
            raise PromptError(f"{path}: row {number}: label {row[0]!r} stands twice")
        prompts[row[0]] = row[1]
    return prompts


def prompt_of(label: str, prompts: Mapping[str, str], path: Path) -> str:
    """The sentence of `label`. Raises PromptError saying which line to add."""
    if label not in prompts:
        raise PromptError(f"{path}: no prompt for the label {label!r}; add a line `{label},<one sentence>`")
    return prompts[label]
