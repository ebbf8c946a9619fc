"""Which clips a run is trained on, and where their features are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cmg.datasets.clips import Clip
from cmg.store.ids import sentence_id


@dataclass(frozen=True)
class Pairs:
    """Rows of the audio and video stores, rows of the text store, and how many clips were left out for which reason."""

    clips: np.ndarray
    sentences: np.ndarray
    counts: dict[str, int]


def pair(
    clips: Sequence[Clip], audio, video, text, excluded: Collection[int], splits: Collection[str] = ("train",)
) -> Pairs:
    """Clips of ``splits`` that have all three modalities and are not excluded.

    Args:
        clips: the whole clip index, in row order.
        audio, video, text: sealed feature stores.
        excluded: rows that must not be seen in pretraining (ids of downstream test sets).

    Raises:
        ValueError: nothing is left.
    """
    counts = {"split": 0, "excluded": 0, "no_audio": 0, "no_video": 0, "no_text": 0, "used": 0}
    rows, captions = [], []
    for clip in clips:
        if clip.split not in splits:
            continue
        counts["split"] += 1
        reason = _reason(clip, audio, video, excluded)
        counts[reason] += 1
        if reason == "used":
            rows.append(clip.row)
            captions.append(sentence_id(clip.captions[0]))
    if not rows:
        raise ValueError(
            f"no clip of {', '.join(splits)} can be used for pretraining: {counts}; see: python -m pipeline check"
        )
    sentences = text.rows_of(captions)
    return Pairs(np.asarray(rows), np.asarray(sentences), counts)


def join(found: Sequence[Pairs], clips: np.ndarray, sentences: np.ndarray) -> Pairs:
    """The pairs of several datasets as one; clips, sentences: rows at which each dataset's stores begin, int [S]."""
    rows = np.concatenate([pairs.clips + start for pairs, start in zip(found, clips, strict=True)])
    texts = np.concatenate([pairs.sentences + start for pairs, start in zip(found, sentences, strict=True)])
    return Pairs(rows, texts, {name: sum(pairs.counts[name] for pairs in found) for name in found[0].counts})


def _reason(clip: Clip, audio, video, excluded: Collection[int]) -> str:
    if clip.row in excluded:
        return "excluded"
    if audio.valid[clip.row] == 0:
        return "no_audio"
    if video.valid[clip.row] == 0:
        return "no_video"
    return "used" if clip.captions else "no_text"
