"""AVSBench-S4: Single-source/s4_meta_data.csv (`name,start,category,split`) and Single-source/s4_data/{visual_frames,gt_masks,audio_wav}/.

A clip is five frames (one per second), a wav, and masks: one for train, five for val and test. `visual` is the folder of the frames;
its fingerprint is over the fingerprints of its frames and masks, and the clip is `missing` unless all of them are there.
`source_start` is the csv's start: seconds into the 10 s VGGSound clip that the five seconds were cut from.
"""

from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.clips import Clip, Event
from cmg.datasets.files import read_table, seconds
from cmg.datasets.listing import Entry, Listing, combined
from cmg.datasets.prompts import FOLDER, prompt_of, read_prompts
from cmg.datasets.rows import IndexResult, Rows, annotation
from cmg.datasets.s4_files import DATA, FRAMES, MASKS, SECONDS, covered_files
from cmg.datasets.safety import why_unsafe_path

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
    table, seen = [], {}
    for line, fields in read_table(path, ["name", "start", "category", "split"], ",", rows.problems):
        first = seen.setdefault(fields[0], line.number)
        if first != line.number:
            rows.problems.add(path.name, line.number, "duplicate", f"the name is already on line {first}", line.text)
        else:
            table.append((line, fields))
    rows.listing = _with_folders(listing, [fields for _, fields in table])
    for line, fields in table:
        good = fields[3] in MASKS and seconds(fields[1]) is not None and fields[2] != ""
        caption = prompt_of(fields[2], prompts, prompts_path) if good else ""
        _add(rows, (path.name, line.number, line.text), fields, good, caption)
    return rows.result()


def _add(rows: Rows, origin: tuple[str, int, str], fields: list[str], good: bool, caption: str) -> None:
    name, start, category, split = fields
    rows.add(
        name,
        visual=(f"{FRAMES}{split}/{category}/{name}",),
        audio=(f"{DATA}/audio_wav/{split}/{category}/{name}.wav",),
        split=split if split in MASKS else "",
        origin=origin,
        malformed="" if good else "expected a start in seconds, a category and a split",
        events=[Event(category, 0.0, float(SECONDS), "av")] if good else [],
        captions=[caption] if good else [],
        duration=float(SECONDS),
        source_start=seconds(start),
    )


def _with_folders(listing: Listing, table: list[list[str]]) -> Listing:
    """The listing plus an entry for every frame folder whose frames and masks are all listed."""
    folders = []
    for name, _, category, split in table:
        folder = f"{FRAMES}{split}/{category}/{name}"
        if split not in MASKS or why_unsafe_path(folder):
            continue
        clip = Clip(0, name, visual=folder, split=split)
        files = [listing.get(path) for path in covered_files(clip)]
        if all(files):
            folders.append(Entry(folder, sum(file.bytes for file in files), combined(file.fingerprint for file in files)))
    return Listing((*listing.entries, *folders))
