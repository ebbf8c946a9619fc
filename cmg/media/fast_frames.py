"""Frames of a regular film by decord, used only where its own reading proves that they are PyAV's.

So the frames of a file do not depend on whether decord is installed, which it cannot be everywhere (there is none for
ARM).
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np

from cmg.media.container import frames, open_container
from cmg.media.frames import Frames
from cmg.media.orientation import Orientation, orientation
from cmg.media.timeline import Track

DECORD_CODECS = ("h264", "mpeg4")  # whose damage its decoders report
DECORD_CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi")
DECORD_FORMATS = ("yuv420p", "yuvj420p")  # 8 bits: both convert them to RGB alike


def with_decord(path: Path, track: Track, wanted: set[int]) -> Frames | None:
    """Frames by decord, read in sequence to the end of the file; None where that is not proven to give what PyAV gives.

    decord fills up with its last frame when the decoder gives fewer frames than there are packets. So if the last frame
    differs from the one before, there was exactly one frame for every packet, in the order in which they are shown; and
    the first frame shows, to the bit, that stream, orientation and colours are PyAV's. A file that ends in a still
    picture proves nothing and is left to PyAV, as is one whose decoder reports damage: there each version of FFmpeg
    conceals in its own way.
    """
    decord = _decord()
    first = _first_frame(path, track) if decord and track.regular else None
    if first is None:
        return None
    count, kept = len(track.times), {}
    try:
        with _error_output() as complaints:
            reader = decord.VideoReader(str(path), num_threads=1)
            if len(reader) != count:
                return None
            for number in range(count):
                frame = reader.next()
                if number in wanted or number in (0, count - 2, count - 1):
                    kept[number] = frame.asnumpy()
            del reader
    except (decord.DECORDError, RuntimeError, StopIteration):
        return None
    tail = [kept[number] for number in (count - 2, count - 1)]
    proven = np.array_equal(kept[0], first) and not np.array_equal(*tail) and not complaints
    return Frames(track.times, kept, Orientation()) if proven else None


@contextmanager
def _error_output() -> Iterator[bytearray]:
    """What is written to this process's error output meanwhile, there when the block ends: how FFmpeg reports
    damage."""
    found = bytearray()
    before = os.dup(2)
    with tempfile.TemporaryFile() as stream:
        os.dup2(stream.fileno(), 2)
        try:
            yield found
        finally:
            os.dup2(before, 2)
            os.close(before)
            stream.seek(0)
            found += stream.read()


def _decord() -> Any:
    """The module, None where it is not installed (there is none for ARM)."""
    try:
        import decord
    except ImportError:
        return None
    decord.logging.set_level(decord.logging.ERROR)
    return decord


def _first_frame(path: Path, track: Track) -> np.ndarray | None:
    """The first frame by PyAV, of a file of a kind that decord decodes alike; else None."""
    with open_container(path) as container:
        stream = container.streams[track.index]
        if not isinstance(stream, av.VideoStream):
            return None
        context = stream.codec_context
        alike = (
            context.name in DECORD_CODECS
            and context.pix_fmt in DECORD_FORMATS
            and container.format.name in DECORD_CONTAINERS
        )
        if not alike or len(container.streams.video) > 1 or len(track.times) < 2:
            return None
        frame = next(frames(container, stream, av.VideoFrame), None)
        return None if frame is None or orientation(frame) != Orientation() else frame.to_ndarray(format="rgb24")
