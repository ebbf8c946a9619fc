"""What `python -m pipeline check` says of one dataset: per split what is found, missing, malformed, and what to do
next."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import SPLITS, STATUSES, Clip
from cmg.datasets.feature_files import with_released
from cmg.datasets.listing import FileChanged, Listing, scan
from cmg.datasets.problems import Problem
from cmg.datasets.prompts import PromptError
from cmg.datasets.readers import OptionError, index_dataset
from cmg.datasets.rows import IndexResult

SHOWN = 5  # examples per kind of trouble


def _of(status: str) -> Callable[[Clip], bool]:
    return lambda clip: clip.status == status


COUNTED: dict[str, Callable[[Clip], bool]] = {status: _of(status) for status in STATUSES}
RELEASED: dict[str, Callable[[Clip], bool]] = {
    "video": lambda clip: clip.status == "ok" and clip.visual is not None,
    "audio": lambda clip: clip.status == "ok" and clip.audio is not None,
    "neither": lambda clip: clip.status == "missing",
    "not usable": lambda clip: clip.status not in ("ok", "missing"),
}


@dataclass(frozen=True)
class Finding:
    """text: for people. clips: rows of the index that these files give, none where they give no index. stops: a run
    cannot begin."""

    text: str
    clips: tuple[Clip, ...] = ()
    stops: bool = False


def look(
    name: str, root: Path, source: str, options: Mapping[str, object] | None = None, listed: Listing | None = None
) -> Finding:
    """Look at one dataset. Names and sizes are looked at, contents are not, so it is quick on a terabyte.

    name: as commands take it (``<branch>/<dataset>`` of a side branch); root: its folder; source: sample, raw, released
    or csv; options: as for `index_dataset`; listed: what `scan` has listed, None where it has not run.
    """
    title, dataset = f"{name} ({source}): {root}", name.rpartition("/")[2]
    if not Path(root).is_dir():
        return Finding(f"{title}\n  not there\n  next: {_how_to_get(name, source)}\n", stops=source != "sample")
    listing = scan(root, content=False)
    try:
        result = index_dataset(dataset, root, listing, options, source)
    except (DatasetError, FileChanged, PromptError, OptionError) as error:
        return Finding(f"{title}\n  {len(listing.entries)} files, no index\n  next: {error}\n", stops=True)
    clips = with_released(result.clips, listing, dataset) if source == "released" else result.clips
    parts = [
        title,
        *_splits(clips, RELEASED if source == "released" else COUNTED),
        *_examples(clips),
        *_problems(result.problems),
    ]
    steps, stops = _next_steps(name, source, clips, listing, listed)
    parts += [*_files(listing, result), *(f"  next: {step}" for step in steps)]
    return Finding("\n".join(parts) + "\n", tuple(clips), stops)


def _how_to_get(name: str, source: str) -> str:
    if source == "sample":
        return f"`python -m pipeline sample {name}` writes the sample corpus (`dvc repro` does so by itself)"
    if source == "csv":
        return (
            "place your files and their manifest there, or make it a link to where they are, "
            f"then `python -m pipeline scan {name}`"
        )
    what = "the released features" if source == "released" else "the dataset"
    return (
        f"get {what} as docs/datasets.md says and place it there (CMG_DATA names another folder for all datasets), "
        f"then `python -m pipeline scan {name}`; or set its source to sample in params.yaml"
    )


def _splits(clips: Sequence[Clip], columns: Mapping[str, Callable[[Clip], bool]]) -> list[str]:
    lines = [f"  {'split':8}" + "".join(f"{text:>11}" for text in [*columns, "all"])]
    for split in SPLITS:
        held = [clip for clip in clips if clip.split == split]
        row = [sum(map(holds, held)) for holds in columns.values()]
        lines += (
            ["".join([f"  {split or '(none)':8}", *(f"{number:>11,}" for number in [*row, len(held)])])] if held else []
        )
    return lines


def _examples(clips: Sequence[Clip]) -> list[str]:
    shown = [clip for status in STATUSES[1:] for clip in [clip for clip in clips if clip.status == status][:SHOWN]]
    return [f"  {clip.status}: {clip.clip_id!r}: {clip.reason}" for clip in shown]


def _problems(problems: list[Problem]) -> list[str]:
    tally = Counter((problem.file, problem.kind) for problem in problems)
    lines = [
        f"  {number:,} annotation lines {kind.replace('_', ' ')} in {file}"
        for (file, kind), number in sorted(tally.items())
    ]
    return lines + [
        f"  line {problem.line} of {problem.file}: {problem.reason}: {problem.text[:100]}"
        for problem in problems[:SHOWN]
    ]


def _files(listing: Listing, result: IndexResult) -> list[str]:
    used = {path for clip in result.clips for path in (clip.visual, clip.audio)}
    used_folders = {path.rpartition("/")[0] for path in used if path}
    spare = [
        entry.path
        for entry in listing.entries
        if entry.path not in used and entry.path.rpartition("/")[0] in used_folders
    ]
    empty = [entry.path for entry in listing.entries if entry.path in used and entry.bytes == 0]
    lines = [f"  refused file: {path} {reason}" for path, reason in listing.refused[:SHOWN]]
    for text, paths in (("media files that no row uses", spare), ("media files of 0 bytes", empty)):
        if paths:
            lines.append(f"  {len(paths):,} {text}, for example {', '.join(paths[:3])}")
    return lines


def _next_steps(
    name: str, source: str, clips: Sequence[Clip], listing: Listing, listed: Listing | None
) -> tuple[list[str], bool]:
    """What to do, each step with its command, and whether a run cannot begin before."""
    by_status, what = (
        Counter(clip.status for clip in clips),
        "released features" if source == "released" else "media files",
    )
    steps, scans = [], source != "sample"
    if by_status["ok"] == 0:
        steps.append(f"no clip can be used: {_how_to_get(name, source)}")
    elif by_status["missing"]:
        steps.append(
            f"{what} of {by_status['missing']:,} clips are absent: "
            "add them, or go on without (they are counted, not hidden)"
        )
    if by_status["malformed"] or by_status["refused"]:
        steps.append(
            "look at the malformed and refused lines above; "
            f"`python -m pipeline index {name}` lists all in the problems file"
        )
    if listing.refused:
        steps.append(
            f"{len(listing.refused):,} files are refused: replace links by files, rename what cannot be a safe name"
        )
    if scans and (changed := "these files have not been listed" if listed is None else _changed(listing, listed)):
        steps.append(f"{changed}: `python -m pipeline scan {name}`")
    return steps or ["nothing, this dataset is complete"], by_status["ok"] == 0 or (scans and listed is None)


def _changed(now: Listing, then: Listing) -> str:
    """What differs in name or size from what was listed; empty where nothing does."""
    sizes, known = ({entry.path: entry.bytes for entry in listing.entries} for listing in (now, then))
    found = {
        "new": sizes.keys() - known.keys(),
        "gone": known.keys() - sizes.keys(),
        "of another size": {path for path in sizes.keys() & known.keys() if sizes[path] != known[path]},
    }
    words = ", ".join(f"{len(paths):,} {text}" for text, paths in found.items() if paths)
    return f"files differ from their listing ({words})" if words else ""
