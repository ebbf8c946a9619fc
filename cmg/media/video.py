"""Video files to frames: decord for clean files, PyAV for the rest. Frames are counted, headers are not believed.

Letters: N frames in the file, T seconds, F frames per second, H W native height and width.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import decord
import numpy as np

from cmg.media.container import open_container, packets
from cmg.media.failure import MediaFailure
from cmg.media.grid import Plan, Window, plan
from cmg.media.image import read_image, read_images
from cmg.media.source import IMAGE_SUFFIXES, Decoded, Source

decord.logging.set_level(decord.logging.QUIET)


@dataclass(frozen=True)
class VideoTask:
    """Everything a decoding process needs for one clip; small and picklable."""

    source: Source
    window: Window


@dataclass(frozen=True)
class Scan:
    """times: float64 `[N]`, presentation times of the packets, ascending; clean: every packet is there and the header agrees."""

    times: np.ndarray
    clean: bool


def decode_video(task: VideoTask) -> Decoded:
    """Frames of one clip at native size: uint8 `[seconds * F, H, W, 3]` RGB, second by second.

    An image gives one second of one frame, a folder of images (one per second, as the source lists them) as many seconds as it has images.
    Raises MediaFailure.
    """
    path = task.source.open()
    try:
        if path.is_dir():
            return read_images(task.source.images(), task.window)
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return read_image(path)
        return _decode_file(path, task.window)
    except MediaFailure as failure:
        raise MediaFailure(failure.kind, f"{task.source.path}: {failure.reason}") from failure


def _decode_file(path: Path, window: Window) -> Decoded:
    found = scan(path)
    if found.clean:
        chosen = plan(found.times, window)
        try:
            return Decoded(_with_decord(path, chosen, len(found.times)), chosen.seconds)
        except (decord.DECORDError, RuntimeError):
            # decord cannot open or decode it: PyAV below decodes the whole file and counts.
            return _with_pyav(path, window, found.times)
    return _with_pyav(path, window, found.times)


def scan(path: Path) -> Scan:
    """Read the packets of the video stream without decoding.

    Raises MediaFailure `unreadable` or `no_video`.
    """
    times: list[float | None] = []
    clean = True
    with open_container(path) as container:
        stream = video_stream(container)
        base = float(stream.time_base) if stream.time_base else 0.0
        for packet in packets(container, stream):
            if packet.size:
                times.append(None if packet.pts is None else packet.pts * base)
                clean = clean and not packet.is_corrupt and packet.pts is not None
        clean = clean and stream.frames in (0, len(times)) and len(times) > 0
        known = [time for time in times if time is not None]
        # Without time stamps the decoder's own count and times are used.
        return Scan(np.sort(np.array(known if len(known) == len(times) else [], dtype=np.float64)), clean)


def video_stream(container: av.container.InputContainer) -> av.VideoStream:
    """First moving-picture stream (cover pictures are not). Raises MediaFailure `no_video`."""
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        raise MediaFailure("no_video", "the file has no video stream")
    return streams[0]


def _with_decord(path: Path, chosen: Plan, frames: int) -> np.ndarray:
    """Frames by decord. The clip's last frame is decoded too: only then is the count known to be true."""
    reader = decord.VideoReader(str(path), num_threads=1)
    if len(reader) != frames:
        raise RuntimeError(f"decord counts {len(reader)} frames, the file has {frames} packets")
    wanted, inverse = np.unique(np.append(chosen.indices, chosen.last), return_inverse=True)
    return reader.get_batch(wanted.tolist()).asnumpy()[inverse[:-1]]


def _with_pyav(path: Path, window: Window, guess: np.ndarray) -> Decoded:
    """Frames by PyAV: one pass when the guessed times prove true, a second one with the decoded times otherwise."""
    chosen = plan(guess, window) if len(guess) else Plan(np.zeros(0, np.int64), 0, 0)
    times, frames = _pass(path, set(chosen.indices.tolist()))
    if len(times) == 0:
        raise MediaFailure("unreadable", "no frame of the video stream can be decoded")
    if len(times) != len(guess):
        chosen = plan(times, window)
        _, frames = _pass(path, set(chosen.indices.tolist()))
    return Decoded(np.stack([frames[index] for index in chosen.indices.tolist()]), chosen.seconds)


def _pass(path: Path, wanted: set[int]) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Decode all frames; keep those in `wanted` (RGB, at the size of the first kept one). Returns all times, and the frames kept."""
    times: list[float] = []
    kept: dict[int, np.ndarray] = {}
    size: dict[str, int] = {}
    with open_container(path) as container:
        stream = video_stream(container)
        rate = float(stream.average_rate or 25)
        for frame in _frames(container, stream):
            if len(times) in wanted:
                size = size or {"width": frame.width, "height": frame.height}
                kept[len(times)] = frame.to_ndarray(format="rgb24", **size)
            times.append(len(times) / rate if frame.time is None else frame.time)
    return np.maximum.accumulate(np.array(times, dtype=np.float64)) if times else np.zeros(0), kept


def _frames(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Frames in presentation order; packets that do not decode are passed over, and a file that breaks off is decoded to its end."""
    for packet in packets(container, stream):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue
