"""Audio streams and files to samples: mono float32 at the native rate, and resampling to 16 kHz."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cmg.media.failure import MediaFailure
from cmg.media.joined import parts_of
from cmg.media.remark import Remark
from cmg.media.samples import Run, Sound, laid_out, read_runs, seconds_by_rate
from cmg.media.source import Decoded, Source
from cmg.media.timeline import Timeline, Track, read_timeline
from cmg.media.window import Span, Window, span, whole_seconds

if TYPE_CHECKING:
    import torch

RATE = 16_000
LARGEST_RATIO = (
    5_000  # of the whole numbers whose quotient is rate / RATE; the resampling filter has their product of weights
)
SILENT = 0.1  # seconds of silence put in from which on a clip gets a remark


@dataclass(frozen=True)
class AudioTask:
    """Everything a decoding process needs for one clip; of the window, what concerns the grid of frames is not used."""

    source: Source
    window: Window


def decode_audio(task: AudioTask) -> Decoded:
    """Samples of one clip: float32 `[samples]` in -1..1 at the native rate, channels averaged; and its whole seconds.

    Sample n is at second `start + n / rate` of the file's time line. Raises MediaFailure.
    """
    path = task.source.open()
    try:
        return decode_sound(path, task.window)
    except MediaFailure as failure:
        raise MediaFailure(failure.kind, f"{task.source.path}: {failure.reason}") from failure


def decode_sound(path: Path, window: Window) -> Decoded:
    """As `decode_audio`, for a file. Raises MediaFailure."""
    line = read_timeline(path)
    track = line.sound
    if track is None:
        raise MediaFailure("no_audio", "the file has no audio stream with a sample")
    if line.counted:
        line, track = _as_decoded(path, line, track)
    part = span(window, line.length_for(track, track.end))
    runs = read_runs(path, line, track, part.end)
    if not runs:
        raise MediaFailure("empty", "the audio stream holds no sample that can be decoded")
    _check_rate(runs[0].rate)
    end = runs[-1].end
    if end < part.end:
        part = span(window, line.length_for(track, end))
    sound = laid_out(runs, part.start, _end(part, window, end))
    remarks = (*track.remarks, *part.remarks, *_remarks(sound, runs))
    return Decoded(sound.samples, part.seconds, sound.rate, remarks)


def _as_decoded(path: Path, line: Timeline, track: Track) -> tuple[Timeline, Track]:
    """Time line and track of sound without stamps: its packets were counted at the first rate and in the first part, so
    where another one follows, be it after the clip, it lasts as long as it decodes."""
    lengths = seconds_by_rate(path, track)
    if len(lengths) < 2 and len(parts_of(path)) < 2:
        return line, track
    end = sum(lengths.values())
    return replace(line, length=end), replace(track, end=end)


def _check_rate(rate: int) -> None:
    if rate // math.gcd(rate, RATE) > LARGEST_RATIO:
        raise MediaFailure(
            "unreadable", f"its sound has {rate} samples a second, which cannot be resampled in reasonable memory"
        )


def _end(part: Span, window: Window, end: float) -> float:
    """Where the samples end: with the sound where that is as many seconds as the clip has, so that a short last second
    is known as such; else with the clip, the rest being silence."""
    last = min(part.end, part.start + window.limit)
    enough = end > part.start and whole_seconds(min(end, last) - part.start, window.nominal) == part.seconds
    return min(end, last) if enough else last


def _remarks(sound: Sound, runs: list[Run]) -> list[Remark]:
    found = []
    silent = (len(sound.heard) - np.count_nonzero(sound.heard)) / sound.rate
    if silent >= SILENT:
        found.append(Remark("silence_filled", f"{silent:.2f} s without sound on the file's time line are silence"))
    forms = list(dict.fromkeys(run.form for run in runs))
    if len(forms) > 1:
        told = ", then ".join(f"{rate} Hz {layout} ({kind})" for rate, kind, layout in forms)
        found.append(Remark("rate_changed", f"{told}: brought to {sound.rate} Hz part by part"))
    return found


def to_16k(samples: "torch.Tensor", rate: int) -> "torch.Tensor":
    """Resample float32 `[..., samples]` from `rate` to 16 kHz with torchaudio's windowed-sinc filter (its defaults)."""
    from torchaudio.functional import resample  # the decoding processes import this file and never need torch

    return samples if rate == RATE else resample(samples, rate, RATE)
