"""What `python -m pipeline check` says: per dataset and split what is found, missing, malformed, and what to do next."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from cmg.datasets.clips import SPLITS, STATUSES, Clip, counts
from cmg.datasets.files import DatasetError
from cmg.datasets.listing import Listing, scan
from cmg.datasets.problems import Problem
from cmg.datasets.prompts import PromptError
from cmg.datasets.registry import index_dataset
from cmg.datasets.rows import IndexResult

SHOWN = 5  # examples per kind of trouble


def report(dataset: str, root: Path, source: str, options: Mapping[str, object] | None = None) -> str:
    """The text for one dataset. Names and sizes are looked at, contents are not, so it is quick on a terabyte.

    dataset: a name of the registry; root: its folder; source: sample, raw or released; options: as for `index_dataset`.
    """
    title = f"{dataset} ({source}): {root}"
    if not Path(root).is_dir():
        return f"{title}\n  not there\n  next: {_how_to_get(dataset, source)}\n"
    listing = scan(root, content=False)
    try:
        result = index_dataset(dataset, root, listing, options)
    except (DatasetError, PromptError) as error:
        return f"{title}\n  {len(listing.entries)} files, no index\n  next: {error}\n"
    parts = [title, *_splits(result.clips), *_problems(result.problems), *_files(listing, result.clips)]
    return "\n".join(parts + [f"  next: {step}" for step in _next_steps(dataset, source, result, listing)]) + "\n"


def _how_to_get(dataset: str, source: str) -> str:
    if source == "sample":
        return "`python -m pipeline sample` writes the sample corpus"
    return (
        f"get {dataset} as docs/datasets.md says and place it there (CMG_DATA names another folder for all datasets), "
        f"or set datasets.{dataset}.source to sample in params.yaml"
    )


def _splits(clips: list[Clip]) -> list[str]:
    found = counts(clips)
    lines = [f"  {'split':8}" + "".join(f"{status:>11}" for status in STATUSES) + f"{'all':>11}"]
    for split in SPLITS:
        row = [found[split, status] for status in STATUSES]
        if any(row):
            lines.append(f"  {split or '(none)':8}" + "".join(f"{number:>11,}" for number in [*row, sum(row)]))
    return lines + [f"  {clip.status}: {clip.clip_id!r}: {clip.reason}" for clip in _examples(clips)]


def _examples(clips: list[Clip]) -> list[Clip]:
    return [clip for status in STATUSES[1:] for clip in [clip for clip in clips if clip.status == status][:SHOWN]]


def _problems(problems: list[Problem]) -> list[str]:
    tally = Counter((problem.file, problem.kind) for problem in problems)
    lines = [f"  {number:,} annotation lines {kind.replace('_', ' ')} in {file}" for (file, kind), number in sorted(tally.items())]
    return lines + [f"  line {problem.line} of {problem.file}: {problem.reason}: {problem.text[:100]}" for problem in problems[:SHOWN]]


def _files(listing: Listing, clips: list[Clip]) -> list[str]:
    used = {path for clip in clips for path in (clip.visual, clip.audio)}
    used_folders = {path.rpartition("/")[0] for path in used if path}
    spare = [entry.path for entry in listing.entries if entry.path not in used and entry.path.rpartition("/")[0] in used_folders]
    empty = [entry.path for entry in listing.entries if entry.path in used and entry.bytes == 0]
    lines = [f"  refused file: {path} {reason}" for path, reason in listing.refused[:SHOWN]]
    for text, paths in (("media files that no row uses", spare), ("media files of 0 bytes", empty)):
        if paths:
            lines.append(f"  {len(paths):,} {text}, for example {', '.join(paths[:3])}")
    return lines


def _next_steps(dataset: str, source: str, result: IndexResult, listing: Listing) -> list[str]:
    by_status = Counter(clip.status for clip in result.clips)
    steps = []
    if by_status["ok"] == 0:
        steps.append(f"no clip can be used: {_how_to_get(dataset, source)}")
    elif by_status["missing"]:
        steps.append(f"{by_status['missing']:,} media files are absent: add them, or go on without (they are counted, not hidden)")
    if by_status["malformed"] or by_status["refused"]:
        steps.append("look at the malformed and refused lines above; `python -m pipeline index` lists all in the problems file")
    if listing.refused:
        steps.append(f"{len(listing.refused):,} files are refused: replace links by files, rename what cannot be a safe name")
    return (
        steps + ["`python -m pipeline scan`, then `index`, after any change to the files"]
        if steps
        else ["nothing, this dataset is complete"]
    )
