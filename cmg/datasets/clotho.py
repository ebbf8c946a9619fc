"""Clotho: clotho_captions_<part>.csv (`file_name,caption_1..5`) and the folders development/, validation/, evaluation/
of wav files.

File names are hostile (blanks, commas, `#`, several dots, HTML entities, a blank before `.wav`): the csv string is the
clip id and the file name, verbatim. Row order: development (train), validation (val), evaluation (test), each in csv
order.
"""

from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import DatasetError, read_table
from cmg.datasets.listing import Listing
from cmg.datasets.rows import IndexResult, Rows, annotation

SPLITS = {"development": "train", "validation": "val", "evaluation": "test"}
VERSIONS = {"v1": ("development", "evaluation"), "v2.1": ("development", "validation", "evaluation")}
COLUMNS = ["file_name", *(f"caption_{number}" for number in range(1, 6))]


@dataclass(frozen=True)
class Options:
    """version: v1 (no validation part) or v2.1. parts: which of its parts to index, comma separated; empty = all."""

    version: str = "v2.1"
    parts: str = ""


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per captioned file, five captions each."""
    rows = Rows(listing)
    for part in _parts(options):
        path = annotation(root, listing, f"clotho_captions_{part}.csv")
        seen: set[str] = set()
        for line, (name, *captions) in read_table(path, COLUMNS, ",", rows.problems):
            if name in seen:
                rows.problems.add(path.name, line.number, "duplicate", "the file stands on an earlier line", line.text)
                continue
            seen.add(name)
            rows.add(
                name,
                audio=(f"{part}/{name}",),
                split=SPLITS[part],
                origin=(path.name, line.number, line.text),
                malformed="" if all(caption.strip() for caption in captions) else "a caption is empty",
                captions=captions,
                duration=None,
            )
    return rows.result()


def _parts(options: Options) -> tuple[str, ...]:
    if options.version not in VERSIONS:
        raise DatasetError(f"clotho: version {options.version!r} is not one of {', '.join(VERSIONS)}")
    known = VERSIONS[options.version]
    wanted = [part.strip() for part in options.parts.split(",") if part.strip()]
    for part in wanted:
        if part not in known:
            raise DatasetError(f"clotho {options.version}: part {part!r} is not one of {', '.join(known)}")
    return tuple(part for part in known if part in wanted or not wanted)
