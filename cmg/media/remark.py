"""What was decided for one usable clip, as a value that becomes one row beside the failures; never part of its
features."""

from dataclasses import dataclass

KINDS = (
    *("uneven_frames", "silence_filled", "picture_held", "stream_chosen", "longer_file_cut", "rotated"),
    *("rate_changed", "rate_assumed", "order_assumed", "range_scaled"),
)


@dataclass(frozen=True)
class Remark:
    """One decision about a clip that gives features all the same.

    kind: `uneven_frames` (time stamps decided, as frames are not evenly spaced), `silence_filled` (seconds without
    sound are silence), `picture_held` (seconds without a new frame show the one on screen), `stream_chosen` (one among
    several), `longer_file_cut` (the clip was cut out of a longer file), `rotated` (as the header says), `rate_changed`
    (sound whose form changes in mid-stream was resampled piece by piece), `rate_assumed` (pictures without stamps are
    counted, in a file that does not say how many a second there are, or whose few stamps are uneven),
    `order_assumed` (pictures may be a few places off, in a file that does not say when they are shown), `range_scaled`
    (a picture of more than 8 bits was scaled to 8). text: one sentence with what was found.
    """

    kind: str
    text: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is not one of {', '.join(KINDS)}")
