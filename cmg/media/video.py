"""Video files to frames: which ones from the time line and the grid, the frames themselves in sequence.

Letters: N frames in the file, T seconds, F frames per second, H W native height and width.
"""

from dataclasses import dataclass
from pathlib import Path

from cmg.datasets.suffixes import IMAGE_SUFFIXES
from cmg.media.failure import MediaFailure
from cmg.media.fast_frames import with_decord
from cmg.media.frames import Frames, with_pyav
from cmg.media.grid import Plan, plan
from cmg.media.image import read_image, read_images
from cmg.media.orientation import Orientation
from cmg.media.remark import Remark
from cmg.media.source import Decoded, Source
from cmg.media.timeline import Timeline, Track, read_timeline
from cmg.media.window import Window


@dataclass(frozen=True)
class VideoTask:
    """Everything a decoding process needs for one clip; small and picklable."""

    source: Source
    window: Window


def decode_video(task: VideoTask) -> Decoded:
    """Frames of one clip at native size, turned as the header says: uint8 `[seconds * F, H, W, 3]` RGB, second by
    second.

    An image gives one second of one frame, a folder of images (one per second, as the source lists them) as many
    seconds as it has images. Raises MediaFailure.
    """
    path = task.source.open()
    try:
        if path.is_dir():
            return read_images(task.source.images(), task.window)
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return read_image(path)
        return decode_film(path, task.window)
    except MediaFailure as failure:
        raise MediaFailure(failure.kind, f"{task.source.path}: {failure.reason}") from failure


def decode_film(path: Path, window: Window) -> Decoded:
    """As `decode_video`, for a film. Raises MediaFailure.

    decord, which converts every frame to RGB where it reads in sequence, is asked where at least half of them are
    wanted.
    """
    line = read_timeline(path)
    track = line.picture
    if track is None:
        raise MediaFailure("no_video", "the file has no video stream with a picture")
    chosen = plan(track.times, line.length_for(track, track.end), window)
    wanted = set(chosen.indices.tolist())
    found = with_decord(path, track, wanted) if chosen.stop == len(track.times) <= 2 * len(wanted) else None
    if found is None:
        found, chosen = _in_sequence(path, line, track, window, chosen)
    array = found.take(chosen.indices.tolist())
    return Decoded(array, chosen.seconds, remarks=(*track.remarks, *chosen.remarks, *_turned(found.orientation)))


def _in_sequence(path: Path, line: Timeline, track: Track, window: Window, guess: Plan) -> tuple[Frames, Plan]:
    """One pass where the frames come when their packets say; a second one where the plan must follow the decoded
    times."""
    found = with_pyav(path, track, set(guess.indices.tolist()), guess.stop)
    if len(found.times) == 0:
        raise MediaFailure("unreadable", "no frame of the video stream can be decoded")
    end = found.times[-1] + max(
        track.end - track.times[-1], track.period
    )  # the last frame lasts as long as the last packet
    length = max(line.length_for(track, end), end) if line.whole else end
    chosen = plan(found.times, length, window)
    if not set(chosen.indices.tolist()) <= found.kept.keys():
        found = with_pyav(path, track, set(chosen.indices.tolist()), len(found.times))
    return found, chosen


def _turned(found: Orientation) -> tuple[Remark, ...]:
    if found == Orientation():
        return ()
    parts = {
        "rows and columns swapped": found.transposed,
        "left and right": found.left_right,
        "top and bottom": found.top_bottom,
    }
    done = ", ".join(part for part, applied in parts.items() if applied)
    return (Remark("rotated", f"turned or mirrored as the header says: {done}"),)
