"""Frames of a film in the order in which they are shown, read from its beginning: an answer to a seek is never trusted.

PyAV decides what a frame is; `fast_frames` reads the same ones with decord where a file is regular. Letters: N frames,
H W size.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from cmg.media.container import frames, open_container, stamp_of
from cmg.media.orientation import Orientation, orientation
from cmg.media.timeline import Track


@dataclass(frozen=True)
class Frames:
    """times: float64 `[N]`, when each frame is shown; kept: uint8 `[H, W, 3]` RGB by frame number; orientation: yet to
    be applied."""

    times: np.ndarray
    kept: dict[int, np.ndarray]
    orientation: Orientation

    def take(self, indices: Iterable[int]) -> np.ndarray:
        """These frames as they are to be seen: uint8 `[n, H, W, 3]`."""
        return self.orientation.apply(np.stack([self.kept[index] for index in indices]))


def with_pyav(path: Path, track: Track, wanted: set[int], stop: int) -> Frames:
    """Decode in sequence and keep the frames in `wanted`, at the size of the first of them.

    stop: from this frame on none is needed; there reading ends if every frame came at the time of its packet.
    """
    stamps: list[float] = []
    kept: dict[int, np.ndarray] = {}
    size: tuple[int, int] | None = None
    turned = Orientation()
    with open_container(path) as container:
        for frame in frames(container, container.streams[track.index], av.VideoFrame):
            number = len(stamps)
            if number == 0:
                turned = orientation(frame)
            if number in wanted:
                size = size or (frame.width, frame.height)
                kept[number] = frame.to_ndarray(format="rgb24", width=size[0], height=size[1])
            told = stamp_of(frame)
            stamps.append(np.nan if told is None else told)
            if number == stop < len(track.times) - 1 and _as_packets(stamps, track):
                return Frames(track.times, kept, turned)
    return Frames(_times(stamps, track), kept, turned)


def _as_packets(stamps: list[float], track: Track) -> bool:
    return np.allclose(track.when(np.array(stamps)), track.times[: len(stamps)], rtol=0, atol=1e-6)


def _times(stamps: list[float], track: Track) -> np.ndarray:
    """When the decoded frames, which come in that order, are shown: as their packets where there are as many; else as
    their own stamps say, in order and evenly between them; where two say the same, evenly in line with most."""
    places = np.arange(len(stamps))
    if len(stamps) == len(track.times) == track.packets:
        return track.times
    own = track.when(np.array(stamps))  # where there is no stamp it is not a number
    told = np.flatnonzero(~np.isnan(own))
    known = np.sort(own[told])
    if len(known) and (np.diff(known) > 0).all():
        beyond = places - np.clip(places, told[0], told[-1])
        return np.interp(places, told, known) + beyond * track.period
    begin = np.median(own[told] - told * track.period) if len(known) else track.times[0]
    return begin + places * track.period
