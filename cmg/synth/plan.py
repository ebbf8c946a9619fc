"""Plans: what every clip contains and what every dataset writes, before a single frame is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cmg.synth.draws import interval, stream, video_id
from cmg.synth.spec import CorpusSpec

Span = tuple[int, int]
DEFECTS = ("truncated", "mute", "short", "missing")


@dataclass(frozen=True)
class Event:
    """A concept with the [onset, offset) seconds in which it is heard and seen; None: not in that modality."""

    concept: str
    audio: Span | None
    visual: Span | None


@dataclass(frozen=True)
class ClipPlan:
    """One clip. `scene` names the background stream (UCF clips of a group share it); `defect` is '' or one of DEFECTS."""

    clip_id: str
    events: tuple[Event, ...]
    seconds: float
    scene: str
    sound: bool = True
    defect: str = ""


@dataclass(frozen=True)
class Media:
    """A media file: path relative to the dataset root (suffix .mp4 or .avi) and the clip it holds."""

    path: str
    clip: ClipPlan


@dataclass(frozen=True)
class DatasetPlan:
    """Everything one dataset root holds: media files, annotation texts by relative path, rows per split, damage by kind."""

    dataset: str
    media: tuple[Media, ...]
    texts: dict[str, str]
    rows: dict[str, int]
    damage: dict[str, tuple[str, ...]]


def numbered(spec: CorpusSpec, dataset: str, split: str, number: int) -> str:
    """The id of a dataset's clip; the first two clips of a split begin with `-` and `_`."""
    first = {0: "-", 1: "_"}.get(number, "")
    return video_id(spec.seed, dataset, split, number, first)


def simple_clips(spec: CorpusSpec, dataset: str, split: str, count: int, concepts: Sequence[str], whole: float) -> list[ClipPlan]:
    """`count` clips of one audio-visual event each, classes in turn; the event fills the clip with probability `whole`."""
    clips = []
    for number in range(count):
        clip_id = numbered(spec, dataset, split, number)
        span = interval(stream(spec.seed, "events", clip_id), spec.seconds, whole)
        event = Event(concepts[number % len(concepts)], span, span)
        clips.append(ClipPlan(clip_id, (event,), spec.seconds, scene=clip_id))
    return clips


def damaged(clips: Sequence[ClipPlan], start: int) -> list[ClipPlan]:
    """The clips with one of each defect, from position `start` on."""
    result = list(clips)
    for offset, defect in enumerate(DEFECTS):
        result[start + offset] = replace(result[start + offset], defect=defect)
    return result


def lendable(clips: Sequence[ClipPlan], concepts: Sequence[str]) -> list[ClipPlan]:
    """Undamaged clips with a single event of one of `concepts`, heard and seen at the same time: another dataset may list them."""
    single = [clip for clip in clips if len(clip.events) == 1 and not clip.defect]
    return [clip for clip in single if clip.events[0].audio == clip.events[0].visual and clip.events[0].concept in concepts]


def damage_of(media: Sequence[Media]) -> dict[str, tuple[str, ...]]:
    """Paths of damaged media files by kind of damage."""
    return {kind: tuple(item.path for item in media if item.clip.defect == kind) for kind in DEFECTS}
