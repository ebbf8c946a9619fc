"""Frames of a film in the order in which they are shown, read from its beginning: an answer to a seek is never trusted.

PyAV decides what a frame is. decord reads the same frames to the bit where a file is regular; it is used only where
this reading itself proves it (see `with_decord`), so that the frames do not depend on whether decord is installed.
Letters: N frames, H W size.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cmg.media.container import frames, open_container
from cmg.media.orientation import Orientation, orientation
from cmg.media.timeline import Timeline, Track

DECORD_CODECS = ("h264", "hevc", "mpeg4", "vp8", "vp9")
DECORD_CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi")
DECORD_FORMATS = ("yuv420p", "yuvj420p")  # 8 bits: both convert them to RGB alike


@dataclass(frozen=True)
class Frames:
    """times: float64 `[N]`, when each frame is shown; kept: uint8 `[H, W, 3]` RGB by frame number; orientation: yet to be applied."""

    times: np.ndarray
    kept: dict[int, np.ndarray]
    orientation: Orientation

    def take(self, indices: Iterable[int]) -> np.ndarray:
        """These frames as they are to be seen: uint8 `[n, H, W, 3]`."""
        return self.orientation.apply(np.stack([self.kept[index] for index in indices]))


def with_pyav(path: Path, line: Timeline, track: Track, wanted: set[int], stop: int) -> Frames:
    """Decode in sequence and keep the frames in `wanted`, at the size of the first of them.

    stop: from this frame on none is needed; there reading ends if every frame came at the time of its packet.
    """
    stamps: list[float | None] = []
    kept: dict[int, np.ndarray] = {}
    size: dict[str, int] = {}
    turned = Orientation()
    with open_container(path) as container:
        for frame in frames(container, container.streams[track.index]):
            number = len(stamps)
            if number == 0:
                turned = orientation(frame)
            if number in wanted:
                size = size or {"width": frame.width, "height": frame.height}
                kept[number] = frame.to_ndarray(format="rgb24", **size)
            stamps.append(None if frame.pts is None else frame.pts * float(frame.time_base) - line.zero)
            if number == stop < len(track.times) - 1 and _as_packets(stamps, track):
                return Frames(track.times, kept, turned)
    return Frames(_times(stamps, track), kept, turned)


def _as_packets(stamps: list[float | None], track: Track) -> bool:
    return None not in stamps and np.allclose(np.array(stamps, np.float64), track.times[: len(stamps)], rtol=0, atol=1e-6)


def _times(stamps: list[float | None], track: Track) -> np.ndarray:
    """When the decoded frames are shown: their own stamps where they ascend, those of the packets where there are as many, else evenly."""
    own = np.array([np.nan if stamp is None else stamp for stamp in stamps], dtype=np.float64)
    if (np.diff(own) > 0).all() and not np.isnan(own).any():
        return own
    if len(own) == len(track.times):
        return track.times
    return track.times[0] + np.arange(len(own)) * track.period


def with_decord(path: Path, track: Track, wanted: set[int]) -> Frames | None:
    """Frames by decord, read in sequence to the end of the file; None where that is not proven to give what PyAV gives.

    decord fills up with its last frame when the decoder gives fewer frames than there are packets. So if the last frame
    differs from the one before, there was exactly one frame for every packet, in the order in which they are shown; and
    the first frame shows, to the bit, that stream, orientation and colours are PyAV's. A file that ends in a still
    picture proves nothing and is left to PyAV.
    """
    decord = _decord()
    first = _first_frame(path, track) if decord and track.regular else None
    if first is None:
        return None
    count, kept = len(track.times), {}
    try:
        reader = decord.VideoReader(str(path), num_threads=1)
        if len(reader) != count:
            return None
        for number in range(count):
            frame = reader.next()
            if number in wanted or number in (0, count - 2, count - 1):
                kept[number] = frame.asnumpy()
    except (decord.DECORDError, RuntimeError, StopIteration):
        return None
    tail = [kept[number] for number in (count - 2, count - 1)]
    proven = np.array_equal(kept[0], first) and not np.array_equal(*tail)
    return Frames(track.times, kept, Orientation()) if proven else None


def _decord() -> Any:
    """The module, None where it is not installed (there is none for ARM)."""
    try:
        import decord
    except ImportError:
        return None
    decord.logging.set_level(decord.logging.QUIET)
    return decord


def _first_frame(path: Path, track: Track) -> np.ndarray | None:
    """The first frame by PyAV, of a file of a kind that decord decodes alike; else None."""
    with open_container(path) as container:
        stream = container.streams[track.index]
        context = stream.codec_context
        alike = context.name in DECORD_CODECS and context.pix_fmt in DECORD_FORMATS and container.format.name in DECORD_CONTAINERS
        if not alike or len(container.streams.video) > 1 or len(track.times) < 2:
            return None
        frame = next(iter(frames(container, stream)), None)
        return None if frame is None or orientation(frame) != Orientation() else frame.to_ndarray(format="rgb24")
