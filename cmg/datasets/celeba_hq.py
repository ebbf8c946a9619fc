"""CelebA-HQ: images 0 .. 29,999 as CelebA-HQ-img/<n>.jpg (the CelebAMask-HQ release) or <n>.png. Names may have five
digits, and a copy may be numbered from 1, as 256-pixel ones are: number n is then its file n + 1.

There is no official split for this use. `split: last`, by rule: the last `held_out` numbers are test, the others train.
`split: celeba`: that of the CelebA image that a picture was made from, which keeps a person's pictures together. No
labels are used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cmg.datasets.annotations import DatasetError, read_lines
from cmg.datasets.listing import Listing
from cmg.datasets.problems import Problems
from cmg.datasets.rows import IndexResult, Rows, annotation, first_of

FOLDER = "CelebA-HQ-img"
MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"  # idx orig_idx orig_file, of CelebAMask-HQ
PARTITION = "list_eval_partition.txt"  # <file> <0, 1 or 2>, of CelebA
SPLITS = {"0": "train", "1": "val", "2": "test"}


@dataclass(frozen=True)
class Options:
    """count: how many images the copy has. folder: where they are. split: `last` or `celeba`. held_out: with `last`,
    how many of them, from the end, are test.
    """

    count: int = 30_000
    held_out: int = 1_000
    folder: str = FOLDER
    split: Literal["last", "celeba"] = "last"


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per number, in ascending order; with `celeba`, one that the mapping leaves out is malformed."""
    if options.folder not in listing.folders:
        raise DatasetError(
            f"{root}: expected images {options.folder}/0.jpg and so on, found no such folder; see docs/datasets.md"
        )
    rows = Rows(listing)
    split_of = _by_identity(root, listing, rows.problems) if options.split == "celeba" else _by_number(options)
    first = int(not _listed(listing, options.folder, 0) and _listed(listing, options.folder, options.count))
    for number in range(options.count):
        split = split_of(number)
        rows.add(
            str(number),
            visual=_names(options.folder, first + number),
            split=split or "train",
            origin=(MAPPING if options.split == "celeba" else "", 0, str(number)),
            malformed="" if split else f"{MAPPING} and {PARTITION} give this number no split",
            duration=1.0,
        )
    return rows.result()


def _names(folder: str, number: int) -> list[str]:
    return [f"{folder}/{name}.{ending}" for name in (number, f"{number:05}") for ending in ("jpg", "png")]


def _listed(listing: Listing, folder: str, number: int) -> bool:
    return first_of(listing, _names(folder, number)) is not None


def _by_number(options: Options) -> Callable[[int], str]:
    if not 0 <= options.held_out <= options.count:
        raise DatasetError(f"celeba_hq: held_out {options.held_out} is not between 0 and count {options.count}")
    return lambda number: "train" if number < options.count - options.held_out else "test"


def _by_identity(root: Path, listing: Listing, problems: Problems) -> Callable[[int], str | None]:
    """Split of a number by way of CelebA's own; None where the two files do not say."""
    originals = _pairs(annotation(root, listing, MAPPING), problems, key=0, value=2, fields=3)
    partition = _pairs(annotation(root, listing, PARTITION), problems, key=0, value=1, fields=2)
    return lambda number: SPLITS.get(partition.get(originals.get(str(number), ""), ""))


def _pairs(path: Path, problems: Problems, key: int, value: int, fields: int) -> dict[str, str]:
    """Two columns of a file whose columns are parted by blanks; its heading, where it has one, is not used."""
    found: dict[str, str] = {}
    for line in read_lines(path, problems):
        parts = line.text.split()
        if parts[:1] == ["idx"]:
            continue
        if len(parts) != fields or parts[key] in found:
            reason = (
                f"expected {fields} columns, found {len(parts)}"
                if len(parts) != fields
                else f"{parts[key]} stands here twice"
            )
            problems.add(path.name, line.number, "malformed", reason, line.text)
        else:
            found[parts[key]] = parts[value]
    return found
