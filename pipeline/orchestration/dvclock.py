"""dvc.lock, which DVC writes in place: entries of finished stages written, a file that a killed process left cut
mended."""

import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.stage.cache import _can_hash, _get_cache_hash, _get_stage_hash
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils.serialize import parse_yaml
from voluptuous import Invalid

from cmg.files import write_bytes
from pipeline import paths

PLACES = ("dvc.lock", *(f"{room}/*/dvc.lock" for room in paths.ASIDE))


def write(stages: Iterable[Any]) -> None:
    """Enter what these stages of DVC read and made, file by file."""
    by_file = defaultdict(list)
    for stage in stages:
        by_file[stage.dvcfile].append(stage)
    for dvcfile, finished in by_file.items():
        dvcfile.dump_stages(finished, update_pipeline=False)


def mend(repo: Repo) -> Iterator[str]:
    """Put the committed version in place of a damaged file, or none; then enter every stage that DVC remembers to have
    finished.

    Yields what was done, a line each. The caller holds DVC's lock, so that nobody is writing these files.
    """
    damaged = [file for place in PLACES for file in sorted(Path().glob(place)) if not _whole(file.read_bytes(), file)]
    for file in damaged:
        yield f"{file}: damaged; {_committed_or_none(file)}"
        repo._reset()
    unknown = [
        stage
        for stage in repo.index.stages
        if _is_made(stage) and (stage.changed() if damaged else not _is_entered(stage))
    ]
    finished = [stage for stage in unknown if _is_remembered(repo, stage)]
    write(finished)
    if unknown:
        repo._reset()  # of those that are not remembered, too, DVC now holds digests
    if finished:
        yield f"dvc.lock: {len(finished)} finished stages entered again"


def _whole(data: bytes, file: Path) -> bool:
    try:
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(data.decode(), str(file)))
    except (DvcException, Invalid, UnicodeDecodeError):
        return False
    return data.endswith(b"\n")


def _committed_or_none(file: Path) -> str:
    found = subprocess.run(["git", "show", f"HEAD:./{file.as_posix()}"], capture_output=True, check=False)
    if found.returncode == 0 and _whole(found.stdout, file):
        write_bytes(file, found.stdout)
        return "the committed version is in its place"
    file.unlink()
    return "removed"


def _is_entered(stage: Any) -> bool:
    return all(found.hash_info for found in [*stage.outs, *stage.deps])


def _is_made(stage: Any) -> bool:
    return all(found.exists for found in [*stage.outs, *stage.deps])


def _is_remembered(repo: Repo, stage: Any) -> bool:
    """Whether DVC remembers (.dvc/cache/runs) a run of this command, with these parameters and inputs, that gave these
    outputs."""
    try:
        stage.save(run_cache=False)
    except DvcException:  # a parameter that is no more
        return False
    return _can_hash(stage) and bool(
        repo.stage_cache._load_cache(_get_stage_hash(stage), _get_cache_hash(to_single_stage_lockfile(stage)))
    )
