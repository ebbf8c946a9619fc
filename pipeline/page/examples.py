"""Retrieval examples for the page: the first queries of each data set, every method's answers, and previews of the clips they name."""

from collections.abc import Mapping, Sequence

from cmg.datasets.clips import Clip, read_index
from cmg.media.audio import AudioTask
from cmg.media.failure import MediaFailure
from cmg.media.pool import DecodePool
from cmg.media.preview import jpeg, preview
from cmg.media.source import Decoded, Source
from cmg.media.video import VideoTask
from cmg.media.window import Window
from cmg.report.examples import Answers, Exhibit, Hit, Picture, Query, Sound
from cmg.tasks.codes import RunCodes
from cmg.tasks.examples import Example, Shown, examples
from cmg.tasks.retrieval import TASKS, Retrieval
from pipeline import paths
from pipeline.params import Params

SECONDS = 30  # of a clip that a preview covers
MEMORY_LIMIT = 2 << 30  # bytes that decoding one file may take

Key = tuple[str, Shown]  # data set, clip


def load(params: Params, runs: Sequence[str]) -> list[Query]:
    """Queries of every retrieval data set at hand, answered by each run that has codes of both its modalities."""
    clips = {name: read_index(paths.index(name)) for name in TASKS if name in params.datasets}
    found: dict[tuple[str, str, Shown], list[tuple[str, Example]]] = {}
    for run in runs:
        codes = RunCodes.read(paths.codes(run))
        for name, held in clips.items():
            for direction, answered in _answered(TASKS[name], codes, held).items():
                for example in answered:
                    found.setdefault((name, direction, example.query), []).append((run, example))
    shown = {(name, item) for (name, _, query), answered in found.items() for item in _items(query, answered)}
    exhibits = _exhibits(shown, clips, params)
    return [
        Query(name, direction, exhibits[name, query], tuple(_answers(run, example, name, exhibits) for run, example in answered))
        for (name, direction, query), answered in found.items()
    ]


def _answered(task: Retrieval, codes: RunCodes, clips: Sequence[Clip]) -> dict[str, list[Example]]:
    held = all((task.dataset, modality) in codes.entries for modality in task.modalities)
    return examples(task, codes, clips) if held else {}


def _items(query: Shown, answered: Sequence[tuple[str, Example]]) -> list[Shown]:
    return [query, *(answer.item for _, example in answered for answer in example.answers)]


def _answers(run: str, example: Example, name: str, exhibits: Mapping[Key, Exhibit]) -> Answers:
    hits = tuple(Hit(exhibits[name, answer.item], answer.right, answer.cosine, answer.equal) for answer in example.answers)
    return Answers(run, hits, example.first, example.last, example.answers_in_all)


def _exhibits(shown: set[Key], clips: Mapping[str, Sequence[Clip]], params: Params) -> dict[Key, Exhibit]:
    """Every clip once, decoded under a time and memory limit; what cannot be decoded keeps its id, its words and the reason."""
    ordered = sorted(shown, key=lambda key: (key[0], key[1].modality, key[1].row, key[1].sentence))
    with DecodePool(preview, params.threads, params.features.time_limit, MEMORY_LIMIT) as pool:
        waiting = {key: _task(key, clips, params) for key in ordered}
        waiting = {key: pool.submit(task) if isinstance(task, VideoTask | AudioTask) else task for key, task in waiting.items()}
        done = {key: held.result() if hasattr(held, "result") else held for key, held in waiting.items()}
    return {key: _exhibit(key[1], clips[key[0]][key[1].row], found) for key, found in done.items()}


def _task(key: Key, clips: Mapping[str, Sequence[Clip]], params: Params) -> VideoTask | AudioTask | MediaFailure | None:
    """None: a sentence needs no file."""
    name, shown = key
    clip = clips[name][shown.row]
    path, fingerprint = (clip.audio, clip.audio_fingerprint) if shown.modality == "audio" else (clip.visual, clip.visual_fingerprint)
    if shown.modality == "text":
        return None
    if path is None:
        return MediaFailure("missing", "the index names no file")
    source = Source(str(paths.dataset_root(name, params.dataset(name).source)), path, fingerprint)
    window = Window(clip.start, clip.duration, frames_per_second=1, seconds=SECONDS, source_start=clip.source_start)
    return AudioTask(source, window) if shown.modality == "audio" else VideoTask(source, window)


def _exhibit(shown: Shown, clip: Clip, found: Decoded | MediaFailure | None) -> Exhibit:
    labels = ", ".join(dict.fromkeys(event.label for event in clip.events))
    words = shown.sentence or next(iter(clip.captions), labels)
    if found is None:
        return Exhibit(clip.clip_id, words)
    if isinstance(found, MediaFailure):
        return Exhibit(clip.clip_id, words, reason=f"not shown ({found.kind})")
    if shown.modality == "audio":
        return Exhibit(clip.clip_id, words, Sound(tuple(found.array.tolist()), float(found.valid)))
    height, width = found.array.shape[1:3]
    return Exhibit(clip.clip_id, words, Picture(jpeg(found.array[0]), width, height))
