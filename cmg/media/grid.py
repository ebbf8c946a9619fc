"""Which frames of a clip count: the official frame grid, and a grid true to time stamps.

Letters: N decoded frames, T seconds, F frames per second of the grid.
"""

from dataclasses import dataclass

import numpy as np

from cmg.media.failure import MediaFailure
from cmg.media.remark import Remark
from cmg.media.window import SLACK, USUAL, Span, Window, span

GRIDS = ("official", "timestamp", "count")
LENGTHS = ("nominal", "stretch")
ROUNDED = 5e-4  # seconds by which stamps may be off, as some containers round to milliseconds
JITTER = (
    0.06  # seconds, at most one and a half frames, over which evenly spaced frames may be off: one frame may be missing
)
LATE = 0.1  # seconds after the clip's start, or before the end of a short one, within which its picture is complete
HELD = 0.5  # seconds without a picture of its own from which on a clip gets a remark


@dataclass(frozen=True)
class Plan:
    """indices: int64 `[seconds * F]`, frame numbers in the file; stop: frames from this number on are after the
    clip."""

    indices: np.ndarray
    stop: int
    seconds: int
    remarks: tuple[Remark, ...] = ()


def official_indices(frames: int, seconds: int, per_second: int) -> np.ndarray:
    """Frame `floor(l*f + i*f/F)` for second l and i in 0..F-1, with `f = floor(N/T)`; int64 `[T*F]`.

    Source: the AVE recipe (T = 10, F = 16). N is the number of frames that decode, not the number a header claims.
    Frames after T*f are never used; below F frames a second, frames repeat.
    """
    interval = frames // seconds
    second = np.arange(seconds, dtype=np.int64)[:, None] * interval
    return (second + np.arange(per_second, dtype=np.int64)[None] * interval // per_second).reshape(-1)


def timestamp_indices(times: np.ndarray, start: float, seconds: int, per_second: int) -> np.ndarray:
    """The frame on screen at each instant `start + l + i/F`, the first one before there is one; int64 `[T*F]`.

    times: float64 `[N]`, ascending, seconds.
    """
    instants = start + np.arange(seconds * per_second) / per_second
    return np.maximum(np.searchsorted(times, instants + ROUNDED, side="right") - 1, 0).astype(np.int64)


def plan(times: np.ndarray, length: float, window: Window) -> Plan:
    """Frames to decode from a film whose frames are shown from `times` on (float64 `[N]`, seconds), in a file of
    `length` seconds.

    grid: `official` is the released formula over the frames of the clip's whole seconds, and time stamps where frames
    are not evenly spaced; `timestamp` is time stamps always; `count` the formula over all frames of the clip always, as
    released. `length="nominal"`: seconds from `whole_seconds`, so that second l is second l of the sound and of the
    labels; it equals the official recipe for every clip of at least T - 0.5 s. `length="stretch"`: always T, over all
    frames, as the official formula does for short clips too. Raises MediaFailure `empty`, `ambiguous`.
    """
    if len(times) == 0:
        raise MediaFailure("empty", "the video stream holds no frame")
    part = span(window, length)
    stretch = window.length == "stretch"
    seconds = window.nominal if stretch else part.seconds
    first, stop = (int(place) for place in np.searchsorted(times, [part.start - ROUNDED, part.end - ROUNDED]))
    last = (
        stop
        if stretch or window.grid == "count" or seconds == window.nominal
        else _frames_until(times, part.start + seconds)
    )
    counted = (
        window.grid == "count" or window.grid == "official" and (stretch or _even(times[first:last], part, window))
    )
    if counted and last > first:
        indices = official_indices(last - first, seconds, window.frames_per_second) + first
    else:
        indices = timestamp_indices(times, part.start, seconds, window.frames_per_second)
    uneven = window.grid == "official" and not counted
    return Plan(indices, stop, seconds, (*part.remarks, *_remarks(times[first:last], part, uneven)))


def _frames_until(times: np.ndarray, second: float) -> int:
    return int(np.searchsorted(times, second - ROUNDED))


def _period(times: np.ndarray) -> float:
    return float(times[-1] - times[0]) / max(1, len(times) - 1)


def _even(times: np.ndarray, part: Span, window: Window) -> bool:
    """Whether the clip's frames are evenly spaced over all of it, so that counting them is as good as their time
    stamps."""
    if len(times) < part.seconds:
        return False
    period = _period(times)
    needed = part.seconds - (SLACK if part.seconds in (window.nominal, USUAL) else LATE)
    if times[0] - part.start > max(LATE, period) or times[-1] + period - part.start < needed - ROUNDED:
        return False
    return float(np.ptp(times - period * np.arange(len(times)))) <= min(1.5 * period, JITTER)


def _remarks(times: np.ndarray, part: Span, uneven: bool) -> list[Remark]:
    """times: of the frames that begin in the clip."""
    if len(times) == 0:
        return [
            Remark(
                "picture_held",
                f"no frame begins between {part.start:g} s and {part.end:.1f} s: the nearest one is held",
            )
        ]
    found = []
    end = times[-1] + _period(times)
    if times[0] - part.start > HELD or part.start + part.seconds - end > HELD:
        shown = f"frames begin from {times[0]:.1f} s to {times[-1]:.1f} s"
        asked = f"of a clip from {part.start:g} s to {part.end:.1f} s"
        found.append(Remark("picture_held", f"{shown} {asked}: before and after the nearest one is held"))
    if uneven:
        gaps = np.diff(times, append=part.end)
        found.append(
            Remark(
                "uneven_frames",
                f"{len(times)} frames, {gaps.min():.3f} to {gaps.max():.3f} s apart: time stamps decided",
            )
        )
    return found
