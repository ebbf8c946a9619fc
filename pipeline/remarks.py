"""Remarks about usable clips, as a features stage leaves them beside its store: counted by kind, in words."""

import csv
from collections import Counter
from collections.abc import Iterable

from pipeline import paths
from pipeline.params import Stores


def in_words(kinds: Iterable[str]) -> str:
    """``2 uneven_frames, 1 rotated``: the most frequent kind first."""
    return ", ".join(
        f"{count:,} {kind}" for kind, count in sorted(Counter(kinds).items(), key=lambda item: (-item[1], item[0]))
    )


def of_dataset(dataset: str) -> list[str]:
    """A line per store of the dataset that has any."""
    lines = []
    for modality in Stores.model_fields:
        path = paths.remarks(dataset, modality)
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                kinds = [row["kind"] for row in csv.DictReader(file)]
            lines += [f"  remarks on {modality} features: {in_words(kinds)} ({path})"] if kinds else []
    return lines
