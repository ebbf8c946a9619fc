"""The way in for a stage: prepare a modality (networks, shape, digests), then run it over the clips of an index."""

import hashlib
import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from cmg.datasets.suffixes import IMAGE_SUFFIXES
from cmg.extract.contract import Network, Progress, Report
from cmg.extract.engine import extract
from cmg.extract.recipes import Execution, RecipeError, recipe_from, require
from cmg.extract.sentences import unique_sentences
from cmg.store.ids import sentence_id

MODULES = {
    "video": "cmg.extract.vgg19",
    "audio": "cmg.extract.vggish",
    "text": "cmg.extract.bert",
    "pixels": "cmg.extract.pixels",
    "masks": "cmg.extract.masks",
}


@dataclass(frozen=True)
class Rows:
    """Rows of a store: ids, and per row a text that changes when what its features are computed from changes."""

    ids: list[str]
    fingerprints: list[str]


@dataclass(frozen=True)
class Job:
    """A modality ready to run.

    shape, dtype: of one row's features; recipe: everything that makes the numbers, for the store's attributes;
    weights_digest: identity of the network's weights; network: the network itself.
    """

    modality: str
    shape: tuple[int, ...]
    dtype: str
    recipe: dict[str, Any]
    weights_digest: str
    settings: Any
    network: Network


def rows_of(modality: str, clips: Sequence[Any]) -> Rows:
    """Ids and fingerprints of a modality's store: unique sentences for text, index rows for the others."""
    if modality == "text":
        ids = [sentence_id(sentence) for sentence in unique_sentences(clips)]
        return Rows(ids, ids)
    return Rows([clip.clip_id for clip in clips], [_fingerprint(clip, modality) for clip in clips])


def seconds_of(modality: str, clips: Sequence[Any], limit: int) -> int:
    """Seconds that a store (not of text) needs: the longest nominal clip, an image counting as one, at most `limit`."""
    return max(1, min(limit, max((_nominal(clip, modality, limit) for clip in clips), default=limit)))


def recipe_of(modality: str, values: Mapping[str, Any]) -> Any:
    """The modality's recipe (its `shape` and `dtype` are those of a store row). Raises RecipeError."""
    if modality not in MODULES:
        raise RecipeError(f"modality: expected one of {', '.join(MODULES)}, found {modality!r}")
    return recipe_from(importlib.import_module(MODULES[modality]).Recipe, values)


def prepare(
    modality: str, recipe: Mapping[str, Any], weights_dir: Path, execution: Execution, clips: Sequence[Any] = ()
) -> Job:
    """Build the network of a modality. clips: needed for text, whose random vocabulary is made from their captions.

    Raises:
        RecipeError: unknown argument or impossible value. WeightsError: weights absent or not the expected ones.
    """
    settings = recipe_of(modality, recipe)
    module = importlib.import_module(MODULES[modality])
    extra = (unique_sentences(clips),) if modality == "text" else ()
    network = module.Network(settings, weights_dir, pick_device(execution.device), *extra)
    return Job(modality, settings.shape, settings.dtype, settings.describe(), network.digest, settings, network)


def run(
    job: Job, clips: Sequence[Any], root: Path, writer: Any, execution: Execution, progress: Progress | None = None
) -> Report:
    """Compute the rows in `writer.todo`; every one of them ends as `writer.put` or `writer.fail`.

    Rows of video and audio stores are index rows; rows of a text store are unique sentences. Clips whose index status
    is not `ok` are failures with that status and are not opened.
    """
    module = importlib.import_module(MODULES[job.modality])
    todo = set(writer.todo)
    usable, refused = _by_status(clips, todo) if job.modality != "text" else (clips, [])
    tasks = [task for task in module.tasks(usable, root, job.settings) if task.row in todo]
    in_process = job.modality == "text"
    decoder: Any = job.network if in_process else module
    workers = 0 if in_process else execution.workers
    report = extract(
        tasks, decoder.decode, job.network, writer, workers, execution.time_limit, execution.memory_limit, progress
    )
    for clip in refused:
        writer.fail(clip.row, clip.status, clip.reason)
        report.failures[clip.status] += 1
    report.total += len(refused)
    report.done += len(refused)
    return report


def pick_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one; `cuda:1` is the second.

    Raises RecipeError for another name, or for CUDA where there is none.
    """
    require(name.partition(":")[0], ("auto", "cpu", "cuda"), "device")
    available = torch.cuda.is_available()
    if name.startswith("cuda") and not available:
        raise RecipeError(f"device: {name} was asked for and no CUDA device is available; use auto or cpu")
    return torch.device(name if name != "auto" else "cuda" if available else "cpu")


def _fingerprint(clip: Any, modality: str) -> str:
    """What a clip's features depend on besides the recipe: content, part of it, and whether the index could use it."""
    content = clip.audio_fingerprint if modality == "audio" else clip.visual_fingerprint
    parts = (content, clip.start, clip.duration, clip.source_start, clip.status)
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]


def _nominal(clip: Any, modality: str, limit: int) -> int:
    media = clip.audio if modality == "audio" else clip.visual
    if media is None or PurePosixPath(media).suffix.lower() in IMAGE_SUFFIXES:
        return int(media is not None)
    return limit if clip.duration is None else math.ceil(clip.duration)


def _by_status(clips: Sequence[Any], todo: set[int]) -> tuple[list[Any], list[Any]]:
    wanted = [clip for clip in clips if clip.row in todo]
    return [clip for clip in wanted if clip.status == "ok"], [clip for clip in wanted if clip.status != "ok"]
