"""Runs that `methods:` and `seeds:` no longer list are set aside, so that folders of runs hold listed ones alone.

Tables, curves and the page depend on these folders, as DVC cannot name the runs of a list in one stage. What an earlier
list left there would make every other copy of the project stale, which has only what is listed. A run that is listed
again comes back from DVC's cache.
"""

from collections.abc import Iterable
from pathlib import Path

from pipeline import disk, paths
from pipeline.params import Params

STAGES = ("pretrain", "codes", "toc", "evaluate")


def set_aside(params: Params) -> list[Path]:
    """Move outputs and receipts of runs that are not listed below ``data/.work/unlisted``; their former paths."""
    runs = {paths.run_name(method, seed) for method in params.methods for seed in params.seeds}
    pictures = {paths.run_name(name, seed) for name in params.reconstruction.datasets for seed in params.seeds}
    moved = [path for room in _rooms() for path in _unlisted(room, runs)]
    moved += [path for room in _picture_rooms() for path in _unlisted(room, pictures)]
    moved += [] if pictures else [path for path in _table3() if path.exists()]
    for path in moved:
        target = paths.work("unlisted", *path.parts)
        disk.remove(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    return moved


def _rooms() -> list[Path]:
    made = [make("fcid-0") for make in (paths.checkpoint, paths.codes, paths.toc, paths.run_result, paths.answers)]
    return [path.parent for path in [*made, *(paths.receipt(stage, "fcid-0") for stage in STAGES)]]


def _picture_rooms() -> list[Path]:
    made = [make("faces-0") for make in (paths.vqvae, paths.rebuilt, paths.reconstruction)]
    return [path.parent for path in [*made, *(paths.receipt(stage, "faces-0") for stage in ("vqvae", "reconstruct"))]]


def _table3() -> list[Path]:
    made = [paths.table(paths.TABLE3, ending) for ending in ("csv", "md")]
    return [*made, paths.FIGURE10, paths.receipt(paths.TABLE3, paths.TABLE3)]


def _unlisted(room: Path, listed: Iterable[str]) -> list[Path]:
    """Files and folders of a room that belong to no listed run; temporary files begin with a dot."""
    found = sorted(room.iterdir()) if room.is_dir() else []
    return [path for path in found if not path.name.startswith(".") and path.name.partition(".")[0] not in listed]
