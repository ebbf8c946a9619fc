"""UCF101: UCF-101/<Class>/v_<Class>_gXX_cYY.avi and ucfTrainTestlist/{classInd,trainlist0N,testlist0N}.txt (CRLF).

Row order: the train list, then the test list, of one official split (1 by default). There is no official validation
part: `group` gives the group (1-25) by which a protocol may hold some out. Clips last 1 to 71 s; most have no sound, so
only the visual modality is indexed. The folder HandstandPushups holds files named v_HandStandPushups_…: paths are taken
verbatim.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import DatasetError, Line, read_lines
from cmg.datasets.clips import Event
from cmg.datasets.listing import Listing
from cmg.datasets.problems import Problems
from cmg.datasets.rows import IndexResult, Rows, annotation

LISTS = "ucfTrainTestlist"
SECONDS = 10.0  # the class holds on every one of the ten seconds that a feature row has
_STEM = re.compile(r"v_(\w+)_g(\d\d)_c(\d\d)", re.ASCII)


@dataclass(frozen=True)
class Options:
    """split_list: which of the three official train/test splits becomes `split`."""

    split_list: int = 1


def group(clip_id: str) -> int:
    """The group (1-25) in a clip id `v_<Class>_gXX_cYY`: clips of one group share actor and background. Raises
    ValueError."""
    match = _STEM.fullmatch(clip_id)
    if match is None:
        raise ValueError(f"UCF101 clip {clip_id!r}: expected v_<Class>_gXX_cYY")
    return int(match[2])


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per list line; train lines carry the 1-based class index, test lines do not."""
    if options.split_list not in (1, 2, 3):
        raise DatasetError(f"ucf101: split_list {options.split_list} is not 1, 2 or 3")
    rows = Rows(listing)
    classes = read_classes(annotation(root, listing, f"{LISTS}/classInd.txt"), rows.problems)
    seen: dict[str, str] = {}
    for split in ("train", "test"):
        path = annotation(root, listing, f"{LISTS}/{split}list0{options.split_list}.txt")
        for line in read_lines(path, rows.problems):
            clip, _, number = line.text.strip().partition(" ")
            if clip in seen:
                rows.problems.add(
                    path.name, line.number, "duplicate", f"the clip is already in {seen[clip]}", line.text
                )
                continue
            seen[clip] = path.name
            _add(rows, (path.name, line.number, line.text), split, clip, number, classes)
    return rows.result()


def read_classes(path: Path, problems: Problems) -> dict[str, str]:
    """Class name by 1-based index (as text), from classInd.txt."""
    found: dict[str, str] = {}
    for line in read_lines(path, problems):
        number, _, name = line.text.partition(" ")
        problem = _why_bad_class(line, number, name, found)
        if problem:
            problems.add(path.name, line.number, *problem, line.text)
        else:
            found[number] = name
    return found


def _why_bad_class(line: Line, number: str, name: str, found: dict[str, str]) -> tuple[str, str] | None:
    if not number.isdecimal() or not name.strip():
        return "malformed", "expected <index> <ClassName>"
    return (
        ("duplicate", f"the index or the name stands on a line before {line.number}")
        if number in found or name in found.values()
        else None
    )


def _add(rows: Rows, origin: tuple[str, int, str], split: str, clip: str, number: str, classes: dict[str, str]) -> None:
    label, _, file = clip.partition("/")
    malformed = _why_malformed(label, file, split, number, classes)
    path = f"UCF-101/{clip}"
    rows.add(
        file.removesuffix(".avi") or clip,
        visual=(path,),
        split=split,
        origin=origin,
        malformed=malformed,
        events=[] if malformed else [Event(label, 0.0, SECONDS, "visual")],
        duration=None,
    )


def _why_malformed(label: str, file: str, split: str, number: str, classes: dict[str, str]) -> str:
    match = _STEM.fullmatch(file.removesuffix(".avi"))
    if match is None or not file.endswith(".avi"):
        return "expected <Class>/v_<Class>_gXX_cYY.avi"
    if label not in classes.values():
        return f"class {label!r} is not in classInd.txt"
    if match[1].lower() != label.lower():
        return f"file of class {match[1]!r} in the folder of {label!r}"
    if split == "train" and classes.get(number) != label:
        return f"expected the index of {label} after the path, found {number!r}"
    return ""
