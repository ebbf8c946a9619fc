"""Sound of a file on its time line: silence where the stamps say that there is none, every part at the rate of the
first one."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from cmg.media.container import frames, open_container, stamp_of
from cmg.media.joined import parts_of
from cmg.media.timeline import Timeline, Track

# seconds by which stamps may differ from the sound so far: some containers round them, or give one for several packets
GAP = 0.05


@dataclass
class Run:
    """Sound without a gap and of one form. begin: seconds of the time line; parts: mono float32, in order."""

    form: tuple[int, str, str]
    begin: float
    parts: list[np.ndarray] = field(default_factory=list)
    length: int = 0

    def __post_init__(self) -> None:
        self._planar = av.AudioResampler(format="fltp", rate=self.rate)

    @property
    def rate(self) -> int:
        """Samples per second."""
        return self.form[0]

    @property
    def end(self) -> float:
        """When it ends, in seconds of the time line."""
        return self.begin + self.length / self.rate

    def add(self, frame: av.AudioFrame) -> None:
        """Append a frame of this form: the mean of its channels in -1..1."""
        for part in self._planar.resample(frame):
            mono = part.to_ndarray().mean(axis=0, dtype=np.float32)
            self.parts.append(mono)
            self.length += len(mono)

    def samples(self, rate: int) -> np.ndarray:
        """float32 `[samples]` at `rate`, resampled by FFmpeg where that is another one than its own."""
        mono = np.concatenate(self.parts)
        if rate == self.rate:
            return mono
        frame = av.AudioFrame.from_ndarray(mono[None], format="fltp", layout="mono")
        frame.sample_rate = self.rate
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        return np.concatenate(
            [part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))]
        )


def _decoded(path: Path, track: Track) -> Iterator[av.AudioFrame]:
    """Frames with samples and a rate, of all parts of a file, in sequence."""
    for part in parts_of(path):
        with open_container(part) as container:
            for frame in frames(container, container.streams[track.index], av.AudioFrame):
                if frame.samples and frame.rate:
                    yield frame


def seconds_by_rate(path: Path, track: Track) -> dict[int, float]:
    """How much sound decodes, in seconds, by its samples per second; nothing is kept."""
    counts: Counter[int] = Counter()
    for frame in _decoded(path, track):
        counts[frame.rate] += frame.samples
    return {rate: samples / rate for rate, samples in counts.items()}


def read_runs(path: Path, line: Timeline, track: Track, until: float) -> list[Run]:
    """Decode in sequence until second `until` of the time line; channels are averaged. Frames without a rate are passed
    over."""
    runs: list[Run] = []
    for frame in _decoded(path, track):
        _add(runs, frame, line)
        if runs[-1].end >= until:
            break
    return runs


def _add(runs: list[Run], frame: av.AudioFrame, line: Timeline) -> None:
    form = (frame.rate, frame.format.name, frame.layout.name)
    before = runs[-1].end if runs else 0.0
    told = stamp_of(frame)
    stamp = None if told is None else told - line.zero
    if stamp is None or runs and (line.counted or abs(stamp - before) <= GAP):
        stamp = before
    if not runs or form != runs[-1].form or stamp != before:
        runs.append(Run(form, stamp))
    runs[-1].add(frame)


@dataclass(frozen=True)
class Sound:
    """samples: float32 `[samples]` at `rate`; heard: bool `[samples]`, where there is sound, not just silence put in
    its place."""

    samples: np.ndarray
    heard: np.ndarray
    rate: int


def laid_out(runs: list[Run], start: float, end: float) -> Sound:
    """Runs at their places between two seconds of the time line."""
    rate = runs[0].rate
    samples = np.zeros(round((end - start) * rate), np.float32)
    heard = np.zeros(len(samples), bool)
    for run in runs:
        sound, place = run.samples(rate), round((run.begin - start) * rate)
        first, last = max(place, 0), min(place + len(sound), len(samples))
        if first < last:
            samples[first:last] = sound[first - place : last - place]
            heard[first:last] = True
    return Sound(samples, heard, rate)
