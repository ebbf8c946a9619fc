"""Numbered films, whose frames show their number as bars, and films whose every second has its own colour and tone."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS, BAR = 8, 8  # a frame's number in binary, lowest bit left, bright = 1, in bars of 8 pixels
NUMBERED = (BITS * BAR, 32)
RATE = 24_000
COLOURS = [
    *[(128, 57, 57), (0, 230, 23), (129, 103, 230), (128, 38, 0), (103, 230, 154), (115, 0, 230), (128, 99, 57)],
    *[(0, 230, 161), (204, 103, 230), (128, 115, 0), (103, 230, 230), (230, 0, 207), (113, 128, 57)],
]  # of seconds 0, 1, …


def bars(number: int) -> np.ndarray:
    """uint8 `[32, 64, 3]`; the lower half drifts, so that no two frames are equal."""
    picture = np.zeros((NUMBERED[1], NUMBERED[0], 3), np.uint8)
    picture[:16] = np.repeat([235 if number >> bit & 1 else 20 for bit in range(BITS)], BAR)[None, :, None]
    picture[16:] = ((np.arange(NUMBERED[0]) * 3 + number * 5) % 200 + 20)[None, :, None]
    return picture


def number_of(frame: np.ndarray) -> int:
    """The number that a frame shows; bars may be wider than they were made."""
    height, width = frame.shape[:2]
    bar = width // (10 if width == 160 else BITS)
    middle = frame[height // 8 : height * 3 // 8].mean(axis=(0, 2))
    return sum(
        int(middle[start + bar // 4 : start + bar * 3 // 4].mean() > 127) << bit
        for bit, start in enumerate(range(0, width, bar))
    )


def make_numbered(
    path: Path,
    codec: str,
    frames: int,
    fps: int | Fraction,
    pix_fmt: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    container_format: str | None = None,
    times: Sequence[int] | None = None,
) -> None:
    """Encode frames 0, 1, … The container is the suffix's unless named; times: when each is shown, in frames, else one
    after the other."""
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=fps, options=dict(options or {}))
        stream.width, stream.height, stream.pix_fmt = *NUMBERED, pix_fmt
        if codec not in ("libx264", "libx265", "libsvtav1"):
            stream.bit_rate = 3_000_000  # defaults smear bars
        for number, time in enumerate(times or range(frames)):
            frame = av.VideoFrame.from_ndarray(bars(number), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def make_colours(
    path: Path,
    seconds: int,
    fps: int = 10,
    video: str = "libx264",
    audio: str = "aac",
    container_format: str | None = None,
) -> None:
    """Second k in colour k with a tone of 300 + 170 k Hz; every frame a keyframe, so that any packet can be left
    out."""
    with av.open(str(path), "w", format=container_format) as container:
        picture = container.add_stream(video, rate=fps, options={"g": "1", "bf": "0", "crf": "12"})
        picture.width, picture.height, picture.pix_fmt = 48, 32, "yuv420p"
        sound = container.add_stream(audio, rate=RATE)
        sound.layout = "mono"
        for number in range(seconds * fps):
            flat = np.full((32, 48, 3), COLOURS[number // fps], np.uint8)
            container.mux(picture.encode(av.VideoFrame.from_ndarray(flat, format="rgb24")))
        container.mux(picture.encode())
        _sing(container, sound, seconds)


def make_tones(
    path: Path,
    codec: str,
    rate: int,
    layout: str,
    seconds: Sequence[int],
    container_format: str | None = None,
    sample_format: str | None = None,
) -> None:
    """Sound alone: one second with the tone of each of these seconds."""
    tone = np.concatenate([0.4 * np.sin(2 * np.pi * (300 + 170 * k) * np.arange(rate) / rate) for k in seconds])
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        shape = sample_format or stream.codec_context.codec.audio_formats[0].name
        stream.codec_context.format = shape
        shaper = av.AudioResampler(format=shape, layout=layout, rate=rate)
        for start in range(0, len(tone), 1024):
            part = tone[None, start : start + 1024].astype(np.float32)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            for shaped in shaper.resample(frame):
                container.mux(stream.encode(shaped))
        for shaped in shaper.resample(None):
            container.mux(stream.encode(shaped))
        container.mux(stream.encode())


def _sing(container: av.container.OutputContainer, stream: av.AudioStream, seconds: int) -> None:
    tone = np.concatenate(
        [0.4 * np.sin(2 * np.pi * (300 + 170 * k) * np.arange(RATE) / RATE) for k in range(seconds)]
    ).astype(np.float32)
    for start in range(0, len(tone), 1024):
        frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def colour_of(frame: np.ndarray) -> int:
    """The second whose colour a frame has, -1 for none."""
    apart = np.abs(np.array(COLOURS) - frame.reshape(-1, 3).mean(axis=0)).max(axis=1)
    return int(apart.argmin()) if apart.min() < 12 else -1


def tones_of(samples: np.ndarray, rate: int, seconds: int) -> list[int | None]:
    """Per second the second whose tone its middle half has, None for silence, -1 for none."""
    return [
        _tone(samples[second * rate + rate // 4 : second * rate + rate * 3 // 4], rate) for second in range(seconds)
    ]


def _tone(part: np.ndarray, rate: int) -> int | None:
    if np.abs(part).max(initial=0.0) < 0.01:
        return None
    number = (float(np.abs(np.fft.rfft(part)).argmax()) * rate / len(part) - 300) / 170
    return round(number) if abs(number - round(number)) < 0.05 else -1
