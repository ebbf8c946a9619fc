"""MSCOCO captions: annotations/captions_<part><year>.json and the image folder <part><year>/.

The papers evaluate 500 image-caption pairs that they do not publish. Ours, by rule: of the images with a caption, the
`pairs` whose SHA-256 of "<seed>:<image id>" is smallest, each with the caption of the lowest annotation id. Rows are in
ascending image id.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import DatasetError, read_json
from cmg.datasets.draw import draw
from cmg.datasets.listing import Listing
from cmg.datasets.problems import Problems
from cmg.datasets.rows import IndexResult, Rows, annotation


@dataclass(frozen=True)
class Options:
    """year: 2014 or 2017. part: val or train. pairs: how many images to draw, 0 = all images with all captions. seed:
    of the draw.

    file: another caption file below the root, for example a list of pairs from the authors.
    """

    year: int = 2017
    part: str = "val"
    pairs: int = 500
    seed: int = 2025
    file: str = ""


@dataclass(frozen=True)
class _Caption:
    number: int
    position: int
    text: str


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per image; the val part is split `test`, the train part `train`."""
    if options.year not in (2014, 2017) or options.part not in ("val", "train"):
        raise DatasetError(
            f"mscoco: expected year 2014 or 2017 and part val or train, found {options.year} and {options.part!r}"
        )
    rows = Rows(listing)
    path = annotation(root, listing, options.file or f"annotations/captions_{options.part}{options.year}.json")
    found = read_captions(path, rows.problems)
    kept = draw(map(str, found), options.pairs, options.seed) if options.pairs else set(map(str, found))
    for image in sorted(image for image in found if str(image) in kept):
        captions = sorted(found[image], key=lambda caption: (caption.number, caption.position))
        rows.add(
            f"{image:012d}",
            visual=image_paths(image, options.part, options.year),
            split="test" if options.part == "val" else "train",
            origin=(path.name, captions[0].position, captions[0].text),
            captions=[caption.text for caption in captions[: 1 if options.pairs else None]],
            duration=1.0,
        )
    return rows.result()


def image_paths(image: int, part: str, year: int) -> tuple[str, ...]:
    """Where an image may be: the folder of the year, with the file name of that year."""
    name = f"{image:012d}.jpg"
    return (f"{part}2017/{name}",) if year == 2017 else (f"{part}2014/COCO_{part}2014_{name}",)


def read_captions(path: Path, problems: Problems) -> dict[int, list[_Caption]]:
    """Captions by image id from `{"annotations": [{image_id, id, caption}]}` or a bare list of such entries; runs of
    blanks become one.

    Entries of another shape become problems (line = position counted from 1). Raises DatasetError when the file is
    neither form.
    """
    data = read_json(path, "captions")
    entries = data.get("annotations") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise DatasetError(f"{path}: expected a list of captions under 'annotations', found {type(entries).__name__}")
    found: dict[int, list[_Caption]] = defaultdict(list)
    for position, entry in enumerate(entries, start=1):
        problem = _why_malformed(entry)
        if problem:
            problems.add(path.name, position, "malformed", problem, json.dumps(entry)[:500])
        else:
            found[entry["image_id"]].append(
                _Caption(entry.get("id", position), position, " ".join(entry["caption"].split()))
            )
    return dict(found)


def _why_malformed(entry: object) -> str:
    if not isinstance(entry, dict):
        return "expected an object"
    image, caption, number = entry.get("image_id"), entry.get("caption"), entry.get("id", 0)
    if type(image) is not int or not 0 <= image < 10**12 or type(number) is not int:
        return "image_id and id are not plain numbers"
    return "" if isinstance(caption, str) and caption.strip() else "no caption"
