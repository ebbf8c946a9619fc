"""Previews of the clips that the retrieval examples of the page name."""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import astuple

from cmg.datasets.clips import Clip, read_index
from cmg.media.audio import AudioTask
from cmg.media.failure import MediaFailure
from cmg.media.pool import DecodePool
from cmg.media.preview import jpeg, preview
from cmg.media.source import Decoded, Source
from cmg.media.video import VideoTask
from cmg.media.window import Window
from cmg.report.retrieved import Exhibit, Picture, Sound
from cmg.results import Example, Item
from pipeline import paths
from pipeline.params import Params

SECONDS = 30  # of a clip that a preview covers
MEMORY_LIMIT = 2 << 30  # bytes that decoding one file may take


def exhibits(params: Params, examples: Iterable[Example]) -> dict[Item, Exhibit]:
    """What stands for every clip that is asked or answered.

    A clip is decoded once, under a time and memory limit; what cannot be decoded keeps its id, its words and the
    reason.
    """
    shown = {item for example in examples for item in (example.query, *(answer.item for answer in example.answers))}
    clips = {name: read_index(paths.index(name)) for name in sorted({item.dataset for item in shown})}
    with DecodePool(preview, params.threads, params.features.time_limit, MEMORY_LIMIT) as pool:
        tasks = {item: _task(item, clips[item.dataset][item.row], params) for item in sorted(shown, key=astuple)}
        waiting = {
            item: pool.submit(task) if isinstance(task, VideoTask | AudioTask) else task for item, task in tasks.items()
        }
        done: dict[Item, Decoded | MediaFailure | None] = {
            item: held.result() if isinstance(held, Future) else held for item, held in waiting.items()
        }
    return {item: _exhibit(item, clips[item.dataset][item.row], found) for item, found in done.items()}


def _task(item: Item, clip: Clip, params: Params) -> VideoTask | AudioTask | MediaFailure | None:
    """None: a sentence needs no file."""
    path, fingerprint = (
        (clip.audio, clip.audio_fingerprint) if item.modality == "audio" else (clip.visual, clip.visual_fingerprint)
    )
    if item.modality == "text":
        return None
    if path is None:
        return MediaFailure("missing", "the index names no file")
    source = Source(str(paths.dataset_root(item.dataset, params.dataset(item.dataset).source)), path, fingerprint)
    window = Window(clip.start, clip.duration, frames_per_second=1, seconds=SECONDS, source_start=clip.source_start)
    return AudioTask(source, window) if item.modality == "audio" else VideoTask(source, window)


def _exhibit(item: Item, clip: Clip, found: Decoded | MediaFailure | None) -> Exhibit:
    labels = ", ".join(dict.fromkeys(event.label for event in clip.events))
    words = item.sentence or next(iter(clip.captions), labels)
    if found is None:
        return Exhibit(clip.clip_id, words)
    if isinstance(found, MediaFailure):
        return Exhibit(clip.clip_id, words, reason=f"not shown ({found.kind})")
    if item.modality == "audio":
        return Exhibit(clip.clip_id, words, Sound(tuple(found.array.tolist()), float(found.valid)))
    height, width = found.array.shape[1:3]
    return Exhibit(clip.clip_id, words, Picture(jpeg(found.array[0]), width, height))
