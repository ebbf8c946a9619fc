"""Audio streams and files to samples: mono float32 at the native rate, and resampling to 16 kHz."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from cmg.media.container import open_container, packets
from cmg.media.failure import MediaFailure
from cmg.media.source import Decoded, Source, whole_seconds

if TYPE_CHECKING:
    import torch

RATE = 16_000
LARGEST_RATIO = 5_000  # of the whole numbers whose quotient is rate / RATE; the resampling filter has their product of weights


@dataclass(frozen=True)
class AudioTask:
    """Everything a decoding process needs for one clip. duration None: as long as the file, at most `seconds`."""

    source: Source
    start: float = 0.0
    duration: float | None = 10.0
    seconds: int = 10


def decode_audio(task: AudioTask) -> Decoded:
    """Samples of one clip: float32 `[samples]` in -1..1 at the native rate, channels averaged; and its whole seconds.

    Raises MediaFailure.
    """
    path = task.source.open()
    try:
        return _decode_file(path, task)
    except MediaFailure as failure:
        raise MediaFailure(failure.kind, f"{task.source.path}: {failure.reason}") from failure


def _decode_file(path: Path, task: AudioTask) -> Decoded:
    limit = task.seconds if task.duration is None else min(task.duration, task.seconds)
    samples, rate = read_samples(path, task.start + limit + 1.0)
    first = round(task.start * rate)
    clip = samples[first : first + round(limit * rate)]
    if len(clip) == 0:
        raise MediaFailure("empty", f"no sound from {task.start:g} s to {task.start + limit:g} s: it ends at {len(samples) / rate:.2f} s")
    return Decoded(clip, whole_seconds(len(clip) / rate, max(1, round(limit))), rate)


def read_samples(path: Path, until: float) -> tuple[np.ndarray, int]:
    """Decode the first audio stream up to `until` seconds: float32 `[samples]`, channels averaged, and the sample rate.

    Raises MediaFailure `unreadable`, `no_audio` or `empty`.
    """
    with open_container(path) as container:
        if not container.streams.audio:
            raise MediaFailure("no_audio", "the file has no audio stream")
        rate = container.streams.audio[0].rate
        if not rate or rate // math.gcd(rate, RATE) > LARGEST_RATIO:
            raise MediaFailure("unreadable", f"the header says {rate} samples a second, which cannot be resampled in reasonable memory")
        pieces = list(_pieces(container, until, rate))
    if not pieces:
        raise MediaFailure("empty", "the audio stream holds no sample that can be decoded")
    return np.concatenate(pieces), rate


def _pieces(container: av.container.InputContainer, until: float, rate: int) -> Iterator[np.ndarray]:
    """Mono pieces in order, float32; damaged packets are passed over."""
    stream = container.streams.audio[0]
    planar = av.AudioResampler(format="fltp", rate=rate)
    done = 0
    for packet in packets(container, stream):
        try:
            mono = [part.to_ndarray().mean(axis=0, dtype=np.float32) for frame in packet.decode() for part in planar.resample(frame)]
        except av.error.FFmpegError:
            continue
        yield from mono
        done += sum(map(len, mono))
        if done >= until * rate:
            return


def to_16k(samples: "torch.Tensor", rate: int) -> "torch.Tensor":
    """Resample float32 `[..., samples]` from `rate` to 16 kHz with torchaudio's windowed-sinc filter (its defaults)."""
    from torchaudio.functional import resample  # the decoding processes import this file and never need torch

    return samples if rate == RATE else resample(samples, rate, RATE)
