"""CelebA-HQ: images 0 .. 29,999 as CelebA-HQ-img/<n>.jpg (the CelebAMask-HQ release) or <n>.png.

There is no official split for this use. Ours, by rule: the last `held_out` numbers are test, the others train. No labels are used.
"""

from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.files import DatasetError
from cmg.datasets.listing import Listing
from cmg.datasets.rows import IndexResult, Rows

FOLDER = "CelebA-HQ-img"


@dataclass(frozen=True)
class Options:
    """count: how many images the copy has. held_out: how many of them, from the end, are test."""

    count: int = 30_000
    held_out: int = 1_000


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per number, in ascending order."""
    if not 0 <= options.held_out <= options.count:
        raise DatasetError(f"celeba_hq: held_out {options.held_out} is not between 0 and count {options.count}")
    if FOLDER not in listing.folders:
        raise DatasetError(f"{root}: expected images {FOLDER}/0.jpg and so on, found no such folder; see docs/datasets.md")
    rows = Rows(listing)
    for number in range(options.count):
        rows.add(
            str(number),
            visual=(f"{FOLDER}/{number}.jpg", f"{FOLDER}/{number}.png"),
            split="train" if number < options.count - options.held_out else "test",
            origin=("", 0, str(number)),
            duration=1.0,
        )
    return rows.result()
