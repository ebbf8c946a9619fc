"""Tasks on a dataset of your own (`source: csv`), as far as its index has labels, times and captions; under `strict`
alone.

- `<dataset>.classes`, one class per clip: top-1. Where every labelled clip has one class.
- `<dataset>.events`, which classes are active in each second: segment-level F. Where an event has times, or a clip
  several classes.
- `<dataset>.pairs`, zero-shot retrieval between modalities: mean of R@1, R@5 and R@10.

A head is fitted on one modality of train, its epoch and Q chosen on val in the same modality (without val clips:
fixed), and scored on every modality of test. Train leaves out what val or test has of the same file, val what test has.
Text stands for a clip by its first sentence. Seconds behind a clip's end repeat its last one, in features and labels
alike. n clips, T seconds, C classes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.labels import classes_of
from cmg.results import Cell
from cmg.tasks import heads, parts, strict
from cmg.tasks.codes import RunCodes, clip_codes
from cmg.tasks.retrieval import NAMES, Retrieval, sentences
from cmg.tasks.settings import EvaluateOptions

CLASSES, EVENTS, PAIRS = "classes", "events", "pairs"
Splits = tuple[list[Clip], list[Clip], list[Clip]]  # train, val, test


@dataclass(frozen=True)
class OwnTask:
    """One task on one dataset; offers what the task modules offer (`DATASETS`, `run`). kind: CLASSES, EVENTS or
    PAIRS."""

    dataset: str
    kind: str

    @property
    def DATASETS(self) -> tuple[str, ...]:  # noqa: N802 (the task modules' name)
        return (self.dataset,)

    def run(
        self,
        codes: RunCodes,
        indices: Mapping[str, Sequence[Clip]],
        ranking: np.ndarray | None,
        options: EvaluateOptions,
    ) -> list[Cell]:
        """Every pair of modalities that has codes, with TOC where there is a ranking."""
        clips = indices[self.dataset]
        if self.kind == PAIRS:
            asked = pairs(self.dataset, clips, codes)
            return [cell for sides in asked for cell in _retrieval(self.dataset, sides, codes, clips, ranking, options)]
        return [
            cell
            for trial in _trials(self.dataset, self.kind, clips, codes)
            for cell in strict.run(trial, codes, ranking, options)
        ]


def tasks(dataset: str, clips: Sequence[Clip], codes: RunCodes) -> dict[str, OwnTask]:
    """The tasks that a dataset's index and codes allow, by name."""
    labelled = [clip for clip in clips if clip.events]
    single = all(len({event.label for event in clip.events}) == 1 for clip in labelled)
    timed = any(
        event.onset > 0 or event.offset < (clip.duration or np.inf) for clip in labelled for event in clip.events
    )
    wanted = {CLASSES: bool(labelled) and single, EVENTS: bool(labelled) and (timed or not single)}
    kinds = [
        kind for kind, asked in wanted.items() if asked and any(True for _ in _modalities(dataset, kind, clips, codes))
    ]
    kinds += [PAIRS] if pairs(dataset, clips, codes) else []
    return {f"{dataset}.{kind}": OwnTask(dataset, kind) for kind in kinds}


def pairs(dataset: str, clips: Sequence[Clip], codes: RunCodes) -> list[str]:
    """Sides of the retrievals: two modalities of which the same test clips have codes. Sentences that are labels ask
    for nothing."""
    test, held = [clip for clip in clips if clip.split == "test"], {}
    for letter, modality in NAMES.items():
        if (clip_codes(dataset), modality) in codes.entries and (modality != "text" or not _only_labels(clips)):
            valid = codes.get(clip_codes(dataset), modality).valid
            held[letter] = {
                clip.row
                for clip, row in zip(test, _rows(modality, test, clips), strict=True)
                if row >= 0 and valid[row] > 0
            }
    return [one + other for one, other in combinations(held, 2) if held[one] & held[other]]


def _only_labels(clips: Sequence[Clip]) -> bool:
    """Whether every sentence is its clip's label."""
    return all(
        caption in {event.label.replace("_", " ") for event in clip.events}
        for clip in clips
        for caption in clip.captions
    )


def _retrieval(
    dataset: str,
    sides: str,
    codes: RunCodes,
    clips: Sequence[Clip],
    ranking: np.ndarray | None,
    options: EvaluateOptions,
) -> list[Cell]:
    task = Retrieval(clip_codes(dataset), sides, f"{dataset}.{PAIRS}")
    return task.run(codes, {clip_codes(dataset): clips}, ranking, options)


def _trials(dataset: str, kind: str, clips: Sequence[Clip], codes: RunCodes) -> Iterator[strict.Trial]:
    """One fit per modality, tested in every one."""
    classes = classes_of(clips)
    target = partial(_class, classes) if kind == CLASSES else partial(_active, classes, codes, dataset)
    train, val, test = _splits(dataset, kind, clips)
    held = list(_modalities(dataset, kind, clips, codes))
    made = {m: [_part(codes, dataset, m, part, clips, target) for part in (train, val, test)] for m in held}
    for source, (fit, chosen, _) in made.items():
        yield strict.Trial(
            task=f"{dataset}.{kind}",
            kind=heads.CLIP if kind == CLASSES else heads.ACTIVE,
            classes=len(classes),
            fit=fit,
            val=chosen if len(chosen) else None,
            tests={f"{source[0]}{m[0]}": test for m, (_, _, test) in made.items()},
            names=classes,
        )


def _splits(dataset: str, kind: str, clips: Sequence[Clip]) -> Splits:
    """Train, val and test clips that have an answer; no file is in two of them."""
    usable = [clip for clip in clips if clip.events or kind == EVENTS]
    train, val, test = ([clip for clip in usable if clip.split == split] for split in ("train", "val", "test"))
    tested = parts.sources(test, dataset)
    return (
        parts.without(train, dataset, tested | parts.sources(val, dataset)),
        parts.without(val, dataset, tested),
        test,
    )


def _modalities(dataset: str, kind: str, clips: Sequence[Clip], codes: RunCodes) -> Iterator[str]:
    """Those in which train and test have codes; a sentence has no seconds that events could be found in."""
    train, _, test = _splits(dataset, kind, clips)
    for modality in NAMES.values():
        if (dataset, modality) in codes.entries and not (modality == "text" and kind == EVENTS):
            valid = codes.get(dataset, modality).valid
            if all(any(row >= 0 and valid[row] > 0 for row in _rows(modality, part, clips)) for part in (train, test)):
                yield modality


def _rows(modality: str, part: Sequence[Clip], clips: Sequence[Clip]) -> list[int]:
    """Rows of clips in a store of `modality`; -1 for one without a sentence. clips: the whole index."""
    if modality != "text":
        return [clip.row for clip in part]
    row_of = {sentence: row for row, sentence in enumerate(sentences(clips))}
    return [row_of[clip.captions[0]] if clip.captions else -1 for clip in part]


def _part(
    codes: RunCodes,
    dataset: str,
    modality: str,
    part: Sequence[Clip],
    clips: Sequence[Clip],
    target: Callable[[Clip, str], Any],
) -> parts.Part:
    valid = codes.get(dataset, modality).valid
    found = [
        (clip, row) for clip, row in zip(part, _rows(modality, part, clips), strict=True) if row >= 0 and valid[row] > 0
    ]
    return parts.Part(
        dataset=dataset,
        modality=modality,
        rows=np.array([row for _, row in found], np.int64),
        sources=tuple(parts.source_of(clip, dataset) for clip, _ in found),
        target=np.stack([np.asarray(target(clip, modality)) for clip, _ in found]) if found else np.empty(0),
        unusable=len(part) - len(found),
        clips=np.array([clip.row for clip, _ in found], np.int64),
    )


def _class(classes: Sequence[str], clip: Clip, _: str) -> int:
    return classes.index(clip.events[0].label)


def _active(classes: Sequence[str], codes: RunCodes, dataset: str, clip: Clip, modality: str) -> np.ndarray:
    """bool [T, C]: an event is active in second t when onset <= t < offset."""
    held = codes.get(dataset, modality)
    seconds = np.minimum(np.arange(held.values.shape[1]), max(int(held.valid[clip.row]), 1) - 1)
    active = np.zeros((len(seconds), len(classes)), bool)
    for event in clip.events:
        active[(event.onset <= seconds) & (seconds < event.offset), classes.index(event.label)] = True
    return active
