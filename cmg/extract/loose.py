"""Features of files that belong to no dataset and no project: a folder of media, or a text file of sentences.

Rows are files in the order of their paths, for every modality alike, so that row i of one store is row i of the others;
of text they are the distinct sentences in the order of their lines.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmg.datasets.clips import Clip
from cmg.datasets.listing import fingerprint
from cmg.datasets.safety import why_unsafe_path
from cmg.datasets.suffixes import MEDIA_SUFFIXES, kinds
from cmg.extract.contract import Progress
from cmg.extract.recipes import Execution
from cmg.extract.run import prepare, recipe_of, rows_of, run
from cmg.files import left_by_macos
from cmg.store.export import FORMATS, export
from cmg.store.reader import Failure, FeatureStore
from cmg.store.schema import StoreSpec
from cmg.store.writer import StoreWriter

ENDINGS = (".zarr", *FORMATS)


class LooseError(ValueError):
    """Files or arguments that nothing can be made of; the message says which and what was expected."""


@dataclass(frozen=True)
class Media:
    """Files below one folder, a clip each."""

    root: Path
    clips: list[Clip]


def media(paths: Sequence[Path]) -> Media:
    """The media files that `paths` name and those in folders among them, each once.

    Raises LooseError where a path does not exist, a folder holds none, or a name cannot be used.
    """
    files = sorted({file.absolute() for path in paths for file in _files(Path(path))})
    if not files:
        raise LooseError("no file: give media files, or a folder of them")
    root = _common(files)
    return Media(root, [_clip(row, root, file) for row, file in enumerate(files)])


def sentences(path: Path) -> list[Clip]:
    """A clip per line of a UTF-8 text file, with the line as its caption; blank lines are passed over. Raises
    LooseError."""
    try:
        lines = [" ".join(line.split()) for line in Path(path).read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise LooseError(f"{path}: expected a text file in UTF-8 with a sentence per line: {error}") from error
    if not any(lines):
        raise LooseError(f"{path}: expected a sentence per line, found none")
    return [Clip(row, line, captions=(line,)) for row, line in enumerate(filter(None, lines))]


def recipe_from_record(modality: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a recipe, out of what a store or checkpoint records of it."""
    known = {field.name for field in dataclasses.fields(recipe_of(modality, {}))}
    return {name: value for name, value in recorded.items() if name in known}


def extract(
    modality: str,
    clips: Sequence[Clip],
    root: Path,
    target: Path,
    recipe: Mapping[str, Any],
    weights_dir: Path,
    execution: Execution,
    progress: Progress | None = None,
) -> list[Failure]:
    """Write the features of clips below `root` to `target`, a sealed store (`.zarr`), `.npz` or `.h5`; gives the rows
    that failed.

    Raises:
        LooseError: the target exists or has another ending, or no row could be computed.
        RecipeError, WeightsError: as for `cmg.extract.run.prepare`.
    """
    check_target(target)
    job = prepare(modality, recipe, weights_dir, execution, clips)
    rows = rows_of(modality, clips)
    ids = list(dict.fromkeys(clip.captions[0] for clip in clips)) if modality == "text" else rows.ids
    spec = StoreSpec("loose", modality, ids, rows.fingerprints, job.shape, job.dtype, job.recipe, job.weights_digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".cmg-", dir=target.parent))
    try:
        with StoreWriter(work / "made.zarr", work / "work", spec) as writer:
            run(job, clips, root, writer, execution, progress)
            failures = writer.failures()
            if len(failures) == len(ids):
                raise LooseError(f"{modality}: nothing could be computed: {failures[0].clip_id}: {failures[0].reason}")
            writer.seal()
        _place(work / "made.zarr", target)
    finally:
        shutil.rmtree(work)
    return failures


def check_target(target: Path) -> None:
    """Raise LooseError where nothing can be written to `target`."""
    if target.suffix not in ENDINGS:
        raise LooseError(f"{target}: expected a name that ends in {', '.join(ENDINGS)}")
    if target.exists():
        raise LooseError(f"{target}: exists; give another name, or remove it")


def _place(store: Path, target: Path) -> None:
    if target.suffix == ".zarr":
        store.rename(target)
    else:
        export(FeatureStore(store), target)


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise LooseError(f"{path}: no such file or folder")
    found = [file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in MEDIA_SUFFIXES]
    found = [file for file in found if not left_by_macos(file.relative_to(path).as_posix())]
    if not found:
        raise LooseError(f"{path}: holds no media file ({', '.join(sorted(MEDIA_SUFFIXES))})")
    return found


def _common(files: Sequence[Path]) -> Path:
    """The innermost folder that holds all of them."""
    return next(folder for folder in files[0].parents if all(file.is_relative_to(folder) for file in files))


def _clip(row: int, root: Path, file: Path) -> Clip:
    path = file.relative_to(root).as_posix()
    if reason := why_unsafe_path(path):
        raise LooseError(f"{path}: the name {reason}")
    visual, audio = kinds(path)
    mark = fingerprint(file)
    return Clip(
        row,
        path,
        visual=path if visual else None,
        audio=path if audio else None,
        duration=None,
        visual_fingerprint=mark if visual else "",
        audio_fingerprint=mark if audio else "",
    )
