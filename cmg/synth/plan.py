"""Plans: what every clip contains and what every dataset writes, before a single frame is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cmg.synth.concepts import labels
from cmg.synth.draws import interval, stream, video_id
from cmg.synth.spec import CorpusSpec

Span = tuple[int, int]
DEFECTS = ("truncated", "mute", "short", "missing")  # of clips with picture and sound


@dataclass(frozen=True)
class Event:
    """A concept with the [onset, offset) seconds in which it is heard and seen; None: not in that modality."""

    concept: str
    audio: Span | None
    visual: Span | None


@dataclass(frozen=True)
class ClipPlan:
    """One clip. `scene` names the background stream (UCF clips of a group share it); `beside`: its objects stand side
    by side.

    `defect` is '' or a kind of damage that `media.py` knows.
    """

    clip_id: str
    events: tuple[Event, ...]
    seconds: float
    scene: str
    sound: bool = True
    defect: str = ""
    beside: bool = False


@dataclass(frozen=True)
class Media:
    """A media file: path relative to the dataset root and the clip it holds; of an image, which second, and whether it
    is the mask."""

    path: str
    clip: ClipPlan
    second: int = 0
    mask: bool = False


@dataclass(frozen=True)
class DatasetPlan:
    """Everything one dataset root holds: media files, annotation texts by relative path, rows per split, damage by
    kind."""

    dataset: str
    media: tuple[Media, ...]
    texts: dict[str, str]
    rows: dict[str, int]
    damage: dict[str, tuple[str, ...]]


def numbered(spec: CorpusSpec, dataset: str, split: str, number: int) -> str:
    """The id of a dataset's clip; the first two clips of a split begin with `-` and `_`."""
    first = {0: "-", 1: "_"}.get(number, "")
    return video_id(spec.seed, dataset, split, number, first)


def simple_clips(
    spec: CorpusSpec, dataset: str, split: str, count: int, concepts: Sequence[str], whole: float
) -> list[ClipPlan]:
    """`count` clips of one audio-visual event each, classes in turn; the event fills the clip with probability
    `whole`."""
    clips = []
    for number in range(count):
        clip_id = numbered(spec, dataset, split, number)
        span = interval(stream(spec.seed, "events", clip_id), spec.seconds, whole)
        event = Event(concepts[number % len(concepts)], span, span)
        clips.append(ClipPlan(clip_id, (event,), spec.seconds, scene=clip_id))
    return clips


def scenes(spec: CorpusSpec, dataset: str, ids: Sequence[str], beside: bool = False) -> list[ClipPlan]:
    """A clip per id for retrieval: classes in turn, with another class in its second half (beside: at the same time,
    side by side).

    The first round of classes stands alone; then the distance to the companion grows by one per round, so pairs of
    classes repeat only after as many rounds as half the number of classes.
    """
    names = list(labels(dataset, spec))
    clips = []
    for number, clip_id in enumerate(ids):
        turn, place = divmod(number, len(names))
        chosen = list(dict.fromkeys([names[place], names[(place + turn) % len(names)]]))
        events = _in_turn(chosen, spec.seconds, beside)
        clips.append(ClipPlan(clip_id, events, spec.seconds, scene=clip_id, beside=beside and len(events) > 1))
    return clips


def _in_turn(concepts: Sequence[str], seconds: int, beside: bool) -> tuple[Event, ...]:
    """The events, one after the other in equal parts of the clip; heard so, and seen so unless they stand side by
    side."""
    edges = [seconds * number // len(concepts) for number in range(len(concepts) + 1)]
    spans = list(zip(edges, edges[1:], strict=False))
    return tuple(
        Event(name, span, (0, seconds) if beside else span) for name, span in zip(concepts, spans, strict=True)
    )


def damaged(clips: Sequence[ClipPlan], start: int, kinds: Sequence[str] = DEFECTS) -> list[ClipPlan]:
    """The clips with one of each defect, from position `start` on."""
    result = list(clips)
    for offset, defect in enumerate(kinds):
        result[start + offset] = replace(result[start + offset], defect=defect)
    return result


def lendable(clips: Sequence[ClipPlan], concepts: Sequence[str]) -> list[ClipPlan]:
    """Undamaged clips with a single event of one of `concepts`, heard and seen at the same time: another dataset may
    list them."""
    single = [clip for clip in clips if len(clip.events) == 1 and not clip.defect]
    return [
        clip for clip in single if clip.events[0].audio == clip.events[0].visual and clip.events[0].concept in concepts
    ]


def damage_of(media: Sequence[Media], kinds: Sequence[str] = DEFECTS) -> dict[str, tuple[str, ...]]:
    """Paths of damaged media files by kind of damage."""
    return {kind: tuple(item.path for item in media if item.clip.defect == kind) for kind in kinds}
