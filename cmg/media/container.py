"""Containers opened with PyAV, and their packets and frames up to the point where a broken file ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import av

from cmg.media.failure import MediaFailure
from cmg.media.joined import Part

FrameT = TypeVar("FrameT", bound=av.VideoFrame | av.AudioFrame)


def open_container(path: Path | Part) -> av.container.InputContainer:
    """Open a media file, or one that is part of another; use as a context manager, so that it is closed.

    Raises MediaFailure `unreadable`.
    """
    try:
        file = path.open() if isinstance(path, Part) else str(path)
        return av.open(file, "r", metadata_errors="replace")  # tags in an old code page are no reason to lose a clip
    except (av.error.FFmpegError, OSError) as error:
        raise MediaFailure(
            "unreadable", f"not a media file that FFmpeg can open ({error.strerror or error})"
        ) from error


def packets(container: av.container.InputContainer, *streams: av.stream.Stream) -> Iterator[av.packet.Packet]:
    """Packets of the streams, then an empty one each that flushes its decoder, also where reading breaks off early.

    A file that ends in the middle is no error here: what is there is decoded and counted, and the clip has that many
    seconds.
    """
    demuxed = container.demux(*streams)
    while True:
        try:
            packet = next(demuxed)
        except StopIteration:
            return
        except av.error.FFmpegError:
            for stream in streams:
                flush = av.Packet()
                flush.stream = stream
                yield flush
            return
        yield packet


def frames(container: av.container.InputContainer, stream: av.stream.Stream, kind: type[FrameT]) -> Iterator[FrameT]:
    """Decoded frames, of this kind, of one stream in presentation order; packets that do not decode are passed over.

    One thread: with more, what FFmpeg puts in the place of damaged parts differs from one run to the next.
    """
    stream.codec_context.thread_count = 1
    for packet in packets(container, stream):
        try:
            yield from (frame for frame in packet.decode() if isinstance(frame, kind))
        except av.error.FFmpegError:
            continue


def stamp_of(frame: av.VideoFrame | av.AudioFrame) -> float | None:
    """When it is presented, in seconds of the file's own clock; None where nothing says."""
    return None if frame.pts is None or frame.time_base is None else frame.pts * float(frame.time_base)
