"""FlickrSoundNet: frames/<id>.jpg and audio/<id>.wav, one image and one sound per pair.

The papers' 4,500/500 split of the 5,000 annotated pairs is not published. Ours, by rule: the `held_out` ids whose
SHA-256 of "<seed>:<id>" is smallest are test; or a list names the test ids (for example the official test_list.txt).
Rows: shorter ids first, then by text. The dataset has neither text nor classes; where the root holds captions.csv
(`id,caption`) or labels.csv (`id,label`), pairs get these.
"""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cmg.datasets.annotations import DatasetError, Line, read_lines, read_table
from cmg.datasets.clips import Event
from cmg.datasets.draw import draw
from cmg.datasets.listing import Listing
from cmg.datasets.problems import Problems
from cmg.datasets.rows import IndexResult, Rows, annotation, optional_annotation

CAPTIONS, LABELS = ("captions.csv", "caption"), ("labels.csv", "label")  # file and its column beside the id
_ENDINGS = {".jpg", ".png", ".mp4", ".wav", ".xml"}


@dataclass(frozen=True)
class Options:
    """ids: a list file of all pairs (empty: every id with a frame or a sound). test_list: a list file of the test
    pairs.

    held_out, seed: the rule where no test list is given. A list line is an id, a file name or path of it, or
    `<id>,<anything>`.
    """

    ids: str = ""
    test_list: str = ""
    held_out: int = 500
    seed: int = 2025


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per pair; a pair without its frame or its sound is `missing`."""
    rows = Rows(listing)
    listed = _read(root, listing, options.ids, rows.problems)
    test = _read(root, listing, options.test_list, rows.problems)
    on_disk = {name: ("", 0, name) for folder in ("frames", "audio") for name in _stems(listing, folder)}
    origins = {**(listed or on_disk), **test}
    if not origins:
        raise DatasetError(f"{root}: expected frames/<id>.jpg and audio/<id>.wav, found neither; see docs/datasets.md")
    held_out = set(test) or draw(origins, options.held_out, options.seed)
    captions, labels = (_texts(root, listing, *source, origins, rows.problems) for source in (CAPTIONS, LABELS))
    for name in sorted(origins, key=lambda name: (len(name), name)):
        rows.add(
            name,
            visual=(f"frames/{name}.jpg", f"frames/{name}.png"),
            audio=(f"audio/{name}.wav",),
            split="test" if name in held_out else "train",
            origin=origins[name],
            captions=captions.get(name, ()),
            events=[Event(label, 0.0, 1.0) for label in labels.get(name, ())],
            duration=None,
        )
    return rows.result()


def _read(root: Path, listing: Listing, name: str, problems: Problems) -> dict[str, tuple[str, int, str]]:
    """Origin by id from a list file; nothing for an empty name."""
    found: dict[str, tuple[str, int, str]] = {}
    if not name:
        return found
    path = annotation(root, listing, name)
    for line in read_lines(path, problems):
        clip_id = id_of(line)
        if clip_id in found:
            problems.add(
                path.name, line.number, "duplicate", f"the id is already on line {found[clip_id][1]}", line.text
            )
        elif not (line.number == 1 and clip_id == "filename"):
            found[clip_id] = (path.name, line.number, line.text)
    return found


def _texts(
    root: Path, listing: Listing, file: str, column: str, pairs: Container[str], problems: Problems
) -> dict[str, list[str]]:
    """Texts by id in the order of an optional `id,<column>` file, runs of blanks made one; nothing where the file is
    not there."""
    found: dict[str, list[str]] = {}
    path = optional_annotation(root, listing, file)
    if path is None:
        return found
    for line, (name, raw) in read_table(path, ["id", column], ",", problems):
        text = " ".join(raw.split())
        if name not in pairs:
            problems.add(path.name, line.number, "orphan", "no pair has this id", line.text)
        elif not text:
            problems.add(path.name, line.number, "malformed", f"no {column}", line.text)
        elif text in found.setdefault(name, []):
            problems.add(path.name, line.number, "duplicate", f"the pair has this {column} already", line.text)
        else:
            found[name].append(text)
    return found


def id_of(line: Line) -> str:
    """The id in `<id>`, `<id>.png`, `/some/folder/<id>.mp4` or `<id>,<anything>`."""
    name = PurePosixPath(line.text.partition(",")[0].strip()).name
    stem, dot, ending = name.rpartition(".")
    return stem if dot and f".{ending}" in _ENDINGS else name


def _stems(listing: Listing, folder: str) -> list[str]:
    return [
        PurePosixPath(entry.path).stem
        for entry in listing.folders.get(folder, ())
        if PurePosixPath(entry.path).suffix in _ENDINGS
    ]
