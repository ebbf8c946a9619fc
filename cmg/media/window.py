"""Which part of a file is the clip, and how many seconds it has: one rule for picture and sound."""

from dataclasses import dataclass

from cmg.media.failure import MediaFailure
from cmg.media.remark import Remark

SLACK = 0.5  # seconds by which a clip may end early, or its file late, and count as full
USUAL = 10  # seconds of a clip of the corpora
LONGER = 2.0  # a file longer than its clip by more than this is the video that the clip comes from


@dataclass(frozen=True)
class Window:
    """The part of a file that is the clip, and how its picture is sampled.

    start, duration: seconds into the file, and nominal length (None: as long as the file).
    frames_per_second: F; seconds: T, the most seconds a clip has. grid, length: see `cmg.media.grid.plan`.
    source_start: seconds into the video that the clip comes from, where known; it counts where the file is that video.
    """

    start: float = 0.0
    duration: float | None = 10.0
    frames_per_second: int = 16
    seconds: int = 10
    grid: str = "official"
    length: str = "nominal"
    source_start: float | None = None

    @property
    def limit(self) -> float:
        """The longest the clip can be, in seconds."""
        return float(self.seconds if self.duration is None else min(self.duration, self.seconds))

    @property
    def nominal(self) -> int:
        """Whole seconds of a full clip."""
        return max(1, round(self.limit))


@dataclass(frozen=True)
class Span:
    """start, end: of the clip in its file, in seconds of the time line; seconds: how many it has."""

    start: float
    end: float
    seconds: int
    remarks: tuple[Remark, ...] = ()


def span(window: Window, length: float) -> Span:
    """Where the clip is in a file of `length` seconds.

    A file that is the clip (begins with it, at most half a second longer) is used whole, as in the official recipe.
    Raises MediaFailure `empty` (the file ends before the clip begins) or `ambiguous` (a longer file, and nothing says
    which seconds).
    """
    start, remarks = _start(window, length)
    end = length if start <= 0 and length <= window.limit + SLACK else min(start + window.limit, length)
    if end <= start:
        raise MediaFailure(
            "empty", f"nothing from {start:g} s to {start + window.limit:g} s: it ends at {length:.2f} s"
        )
    return Span(start, end, whole_seconds(end - start, window.nominal), remarks)


def _start(window: Window, length: float) -> tuple[float, tuple[Remark, ...]]:
    """Where the clip begins. The whole video in the place of a clip is cut where its start is known."""
    if window.duration is None or window.start > 0 or length <= window.duration + LONGER:
        return window.start, ()
    found = f"the file lasts {length:.1f} s and the clip {window.duration:g} s"
    if window.source_start is None:
        raise MediaFailure("ambiguous", f"{found}, and nothing says which of them are meant; cut the clip out of it")
    start, end = window.source_start, window.source_start + window.duration
    if end > length + SLACK:
        raise MediaFailure(
            "ambiguous", f"{found}: neither the clip nor the video whose seconds {start:g} to {end:g} are meant"
        )
    return start, (Remark("longer_file_cut", f"{found}: seconds {start:g} to {end:g} were cut out"),)


def whole_seconds(length: float, seconds: int) -> int:
    """Seconds that a clip of `length` seconds is taken to have, at most `seconds`, at least 1.

    A clip that ends less than half a second early counts as full (real ten-second clips last 9.5 to 10.1 s), as does
    one of nearly ten seconds in a store of more, so that the first ten are the same in both; any other counts its whole
    seconds, a tenth of a second being forgiven (frame rates such as 29.97 fall short of a whole second).
    """
    length = round(length, 6)  # stamps are fractions: 9.5 s may come as a little less
    full = USUAL if USUAL - SLACK <= length < USUAL else seconds
    if length >= full - SLACK:
        return min(full, seconds)
    return max(1, int(round(length + 0.1, 6)))
