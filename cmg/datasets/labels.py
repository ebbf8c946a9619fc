"""From clip rows to targets: class lists, per-second arrays, maps between datasets.

Axes: T seconds (10), C classes. A second t (0..9) belongs to an event when onset <= t < offset.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cmg.datasets.clips import Clip
from cmg.datasets.names import AVE_CLASSES, AVE_TO_AVVP, AVVP_CLASSES, UCF_TO_VGGSOUND

SECONDS = 10
SHARED_AVVP = tuple(AVE_TO_AVVP.values())  # the 12 classes of AVE->AVVP in index order, by AVVP name


def classes_of(clips: Iterable[Clip]) -> tuple[str, ...]:
    """Event labels in order of first appearance: the official order of AVE (28) and of both AVEL files (141)."""
    return tuple(dict.fromkeys(event.label for clip in clips for event in clip.events))


def label_of(clip: Clip) -> str | None:
    """The single class of a clip (AVE, AVEL, UCF101), None for a clip without events. Raises ValueError when there are
    several."""
    labels = {event.label for event in clip.events}
    if len(labels) > 1:
        raise ValueError(
            f"clip {clip.clip_id!r} (row {clip.row}): expected one class, found {', '.join(sorted(labels))}"
        )
    return labels.pop() if labels else None


def class_of(clip: Clip) -> str:
    """The single class of a clip that has one. Raises ValueError where it has none or several."""
    if (label := label_of(clip)) is None:
        raise ValueError(f"clip {clip.clip_id!r} (row {clip.row}): expected one class, found no events")
    return label


def ave_targets(clip: Clip, classes: Sequence[str] = AVE_CLASSES) -> np.ndarray:
    """int64 [T]: class index per second, len(classes) (28) = background. Raises ValueError for a label outside
    `classes`."""
    targets = np.full(SECONDS, len(classes), dtype=np.int64)
    for event in clip.events:
        targets[_active(event.onset, event.offset)] = _position(event.label, classes, clip)
    return targets


def avvp_targets(clip: Clip, modality: str, classes: Sequence[str] = AVVP_CLASSES) -> np.ndarray:
    """bool [T, C]: dense events of one modality (`audio` or `visual`); all False is background.

    Labels outside `classes` raise ValueError. Weak labels of train clips (modality `av`) are not dense events and set
    nothing.
    """
    _check_modality(modality)
    return _multi_hot(clip, modality, {label: label for label in classes}, classes, strict=True)


def ave_avvp_targets(clip: Clip, dataset: str, modality: str | None = None) -> np.ndarray:
    """bool [T, 12]: the classes AVE and AVVP share, for a clip of either dataset; other classes set nothing.

    `modality` (`audio` or `visual`) is needed for AVVP clips; AVE events are audible and visible, so it is not used
    there.
    """
    if dataset == "ave":
        return _multi_hot(clip, "av", AVE_TO_AVVP, SHARED_AVVP, strict=False)
    if dataset != "avvp":
        raise ValueError(f"dataset {dataset!r} is not ave or avvp")
    return _multi_hot(
        clip, _check_modality(modality), {label: label for label in SHARED_AVVP}, SHARED_AVVP, strict=False
    )


def really_shared(ucf101: Iterable[Clip], vggsound_avel: Iterable[Clip]) -> tuple[tuple[str, str], ...]:
    """The (UCF101, VGGSound) class pairs of the 16 intended that both indexes hold, in the papers' order.

    Give only the clips that may be used (status, split): a class with no such clip on one side is not shared.
    """
    seen, heard = set(classes_of(ucf101)), set(classes_of(vggsound_avel))
    return tuple((ucf, vgg) for ucf, vgg in UCF_TO_VGGSOUND.items() if ucf in seen and vgg in heard)


def _multi_hot(clip: Clip, modality: str, names: Mapping[str, str], classes: Sequence[str], strict: bool) -> np.ndarray:
    targets = np.zeros((SECONDS, len(classes)), dtype=bool)
    for event in clip.events:
        if event.modality == modality and (strict or event.label in names):
            targets[
                _active(event.onset, event.offset), _position(names.get(event.label, event.label), classes, clip)
            ] = True
    return targets


def _active(onset: float, offset: float) -> np.ndarray:
    seconds = np.arange(SECONDS)
    return (onset <= seconds) & (seconds < offset)


def _position(label: str, classes: Sequence[str], clip: Clip) -> int:
    if label not in classes:
        raise ValueError(
            f"clip {clip.clip_id!r} (row {clip.row}): class {label!r} is not among the {len(classes)} classes expected"
        )
    return list(classes).index(label)


def _check_modality(modality: str | None) -> str:
    if modality is None or modality not in ("audio", "visual"):
        raise ValueError(f"modality {modality!r} is not audio or visual")
    return modality
