"""Training clips whose video also stands in a downstream test split: the strict protocol leaves them out of
pretraining.

The same YouTube id does not prove the same seconds, so this leaves out too much rather than too little. Clips of which
no YouTube id is known are the same video where a media file is the same.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from cmg.datasets.clips import Clip
from cmg.files import write_bytes
from cmg.registry import youtube_id


@dataclass(frozen=True)
class Exclusion:
    """One training clip of a corpus and one dataset that tests on its video; a clip has a line for each such
    dataset."""

    row: int
    clip_id: str
    dataset: str
    corpus: str = "vggsound_avel"


def exclusions(
    indices: Mapping[str, Iterable[Clip]],
    corpus: str = "vggsound_avel",
    train_splits: Sequence[str] = ("train",),
    test_splits: Sequence[str] = ("test",),
) -> list[Exclusion]:
    """Clips of `train_splits` of the corpus whose video occurs in `test_splits` of any other index, in row order."""
    held = {name: _ids(name, clips, test_splits) for name, clips in indices.items() if name != corpus}
    return [
        Exclusion(clip.row, clip.clip_id, dataset, corpus)
        for clip in indices[corpus]
        if clip.split in train_splits
        for dataset, ids in held.items()
        if not ids.isdisjoint(_videos(corpus, clip))
    ]


def counts(found: Iterable[Exclusion]) -> dict[str, int]:
    """Number of training clips that each dataset accounts for (a clip may count for several)."""
    return dict(Counter(item.dataset for item in found))


def write_exclusions(path: Path, found: Iterable[Exclusion]) -> None:
    """Write `row,clip_id,dataset` lines, sorted; atomic, same bytes for the same exclusions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Exclusion)])
    writer.writerows(sorted(astuple(item) for item in found))
    write_bytes(path, text.getvalue().encode("utf-8"))


def read_exclusions(path: Path) -> list[Exclusion]:
    """The lines that `write_exclusions` wrote."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            Exclusion(int(row["row"]), row["clip_id"], row["dataset"], row["corpus"]) for row in csv.DictReader(stream)
        ]


def _ids(dataset: str, clips: Iterable[Clip], splits: Sequence[str]) -> set[str]:
    return {name for clip in clips if clip.split in splits for name in {*_videos(dataset, clip), *_media(clip)}}


def _videos(dataset: str, clip: Clip) -> set[str]:
    known = youtube_id(dataset, clip.clip_id)
    return _media(clip) if known is None else {known}


def _media(clip: Clip) -> set[str]:
    return {clip.visual_fingerprint, clip.audio_fingerprint} - {""}
