"""Which frames of a clip count: the official frame grid, and a grid true to time stamps.

Letters: N decoded frames, T seconds, F frames per second of the grid.
"""

from dataclasses import dataclass

import numpy as np

from cmg.media.failure import MediaFailure
from cmg.media.source import whole_seconds

GRIDS = ("official", "timestamp")
LENGTHS = ("nominal", "stretch")


@dataclass(frozen=True)
class Window:
    """The part of a file that is the clip, and how it is sampled.

    start, duration: seconds into the file, and nominal length (None: as long as the file).
    frames_per_second: F; seconds: T, the most seconds a clip has. grid, length: see `plan`.
    """

    start: float = 0.0
    duration: float | None = 10.0
    frames_per_second: int = 16
    seconds: int = 10
    grid: str = "official"
    length: str = "nominal"


@dataclass(frozen=True)
class Plan:
    """indices: int64 `[seconds * F]`, frame numbers in the file; last: the clip's last frame; seconds: valid seconds."""

    indices: np.ndarray
    last: int
    seconds: int


def official_indices(frames: int, seconds: int, per_second: int) -> np.ndarray:
    """Frame `floor(l*f + i*f/F)` for second l and i in 0..F-1, with `f = floor(N/T)`; int64 `[T*F]`.

    Source: the AVE recipe (T = 10, F = 16). N is the number of frames that decode, not the number a header claims.
    Frames after T*f are never used; below F frames a second, frames repeat.
    """
    interval = frames // seconds
    second = np.arange(seconds, dtype=np.int64)[:, None] * interval
    return (second + np.arange(per_second, dtype=np.int64)[None] * interval // per_second).reshape(-1)


def timestamp_indices(times: np.ndarray, seconds: int, per_second: int) -> np.ndarray:
    """The frame on screen at each instant `l + i/F` seconds after the first frame; int64 `[T*F]`.

    times: float64 `[N]`, ascending, seconds.
    """
    instants = np.arange(seconds * per_second) / per_second
    return np.maximum(np.searchsorted(times - times[0], instants + 1e-6, side="right") - 1, 0).astype(np.int64)


def clip_span(times: np.ndarray, window: Window) -> tuple[int, int, float]:
    """First frame, end (exclusive) and length in seconds of the clip within its file.

    All frames count when the file is the clip (starts at 0, at most half a second longer than the clip), as in the official recipe.
    Raises MediaFailure `empty` when no frame lies in the window.
    """
    elapsed = times - times[0]
    period = elapsed[-1] / (len(times) - 1) if len(times) > 1 else 0.0
    total = float(elapsed[-1] + period)
    duration = window.seconds if window.duration is None else min(window.duration, window.seconds)
    if window.start <= 0 and total <= duration + 0.5:
        return 0, len(times), total
    first, end = np.searchsorted(elapsed, [window.start - 1e-6, window.start + duration - 1e-6])
    if first >= end:
        raise MediaFailure("empty", f"no frame from {window.start:g} s to {window.start + duration:g} s: the video ends at {total:.2f} s")
    return int(first), int(end), min(float(duration), total - window.start)


def plan(times: np.ndarray, window: Window) -> Plan:
    """Frames to decode from a file whose frames are shown at `times` (float64 `[N]`, seconds).

    `length="nominal"`: seconds from `whole_seconds`, so that second l is second l of the sound and of the labels; it equals the
    official recipe for every clip of at least T - 0.5 s. `length="stretch"`: always T, as the official formula does for short clips too.
    Raises MediaFailure `empty`.
    """
    if len(times) == 0:
        raise MediaFailure("empty", "the video stream holds no frame")
    first, end, length = clip_span(times, window)
    nominal = window.seconds if window.duration is None else min(window.seconds, max(1, round(window.duration)))
    seconds = nominal if window.length == "stretch" else whole_seconds(length, nominal)
    if window.grid == "timestamp":
        indices = timestamp_indices(times[first:end], seconds, window.frames_per_second)
    else:
        indices = official_indices(end - first, seconds, window.frames_per_second)
    return Plan(indices + first, end - 1, seconds)
