"""AVSBench-S4: Single-source/s4_meta_data.csv (`name,start,category,split`) and
Single-source/s4_data/{visual_frames,gt_masks,audio_wav}/.

A clip is five frames (one per second), a wav, and masks: one for train, five for val and test. `visual` is the folder
of the frames; its fingerprint is over those of `files`, its frames and then its masks, and the clip is `missing` unless
all of them are there. `source_start` is the csv's start: seconds into the 10 s VGGSound clip that the five seconds were
cut from.
"""

from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import Line, read_table, seconds
from cmg.datasets.clips import Event
from cmg.datasets.listing import Entry, Listing, combined
from cmg.datasets.prompts import FOLDER, prompt_of, read_prompts
from cmg.datasets.rows import IndexResult, Rows, annotation
from cmg.datasets.safety import why_unsafe_path

DATA = "Single-source/s4_data"
SECONDS = 5
MASKS = {"train": 1, "val": SECONDS, "test": SECONDS}  # a clip of a split has so many
META = ("Single-source/s4_meta_data.csv", "s4_meta_data.csv")


@dataclass(frozen=True)
class Options:
    """prompts: a `label,prompt` csv below the root (default: the project's own)."""

    prompts: str = ""


def index(root: Path, listing: Listing, options: Options) -> IndexResult:
    """One row per csv line; a repeated name is a duplicate and only its first line is kept."""
    prompts_path = annotation(root, listing, options.prompts) if options.prompts else FOLDER / "avsbench_s4.csv"
    prompts = read_prompts(prompts_path)
    rows = Rows(listing)
    path = annotation(root, listing, *META)
    table: list[tuple[Line, list[str]]] = []
    seen: dict[str, int] = {}
    for line, fields in read_table(path, ["name", "start", "category", "split"], ",", rows.problems):
        first = seen.setdefault(fields[0], line.number)
        if first != line.number:
            rows.problems.add(path.name, line.number, "duplicate", f"the name is already on line {first}", line.text)
        else:
            table.append((line, fields))
    covered = _covered(listing, [fields for _, fields in table])
    rows.listing = Listing((*listing.entries, *(_folder(listing, path, files) for path, files in covered.items())))
    for line, fields in table:
        good = fields[3] in MASKS and seconds(fields[1]) is not None and fields[2] != ""
        caption = prompt_of(fields[2], prompts, prompts_path) if good else ""
        _add(rows, (path.name, line.number, line.text), fields, good, caption, covered)
    return rows.result()


def _add(
    rows: Rows,
    origin: tuple[str, int, str],
    fields: list[str],
    good: bool,
    caption: str,
    covered: dict[str, tuple[str, ...]],
) -> None:
    name, start, category, split = fields
    folder = frame_folder(name, category, split)
    rows.add(
        name,
        visual=(folder,),
        audio=(f"{DATA}/audio_wav/{split}/{category}/{name}.wav",),
        split=split if split in MASKS else "",
        origin=origin,
        malformed="" if good else "expected a start in seconds, a category and a split",
        events=[Event(category, 0.0, float(SECONDS), "av")] if good else [],
        captions=[caption] if good else [],
        duration=float(SECONDS),
        source_start=seconds(start),
        files=covered.get(folder, ()),
    )


def _covered(listing: Listing, table: list[list[str]]) -> dict[str, tuple[str, ...]]:
    """Files by frame folder, of the clips whose frames and masks are all listed."""
    found = {}
    for name, _, category, split in table:
        folder = frame_folder(name, category, split)
        if split not in MASKS or why_unsafe_path(folder):
            continue
        files = frame_paths(name, category, split) + mask_paths(name, category, split)
        if all(map(listing.get, files)):
            found[folder] = files
    return found


def _folder(listing: Listing, path: str, files: tuple[str, ...]) -> Entry:
    """A folder as an entry of a listing."""
    entries = [listing.by_path[file] for file in files]
    return Entry(path, sum(entry.bytes for entry in entries), combined(entry.fingerprint for entry in entries))


def frame_folder(name: str, category: str, split: str) -> str:
    """The folder of a clip's frames, relative to the root."""
    return f"{DATA}/visual_frames/{split}/{category}/{name}"


def frame_paths(name: str, category: str, split: str) -> tuple[str, ...]:
    """The five frames of a clip."""
    return tuple(f"{frame_folder(name, category, split)}/{name}_{second}.png" for second in range(1, SECONDS + 1))


def mask_paths(name: str, category: str, split: str) -> tuple[str, ...]:
    """The masks of a clip: one (first second) for train, five for val and test."""
    folder = f"{DATA}/gt_masks/{split}/{category}/{name}"
    return tuple(f"{folder}/{name}_{second}.png" for second in range(1, MASKS[split] + 1))
