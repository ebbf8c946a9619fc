"""Tiny media files made with PyAV, and decoding functions that misbehave. Functions run in spawned processes are
top-level."""

import os
import signal
import time
from pathlib import Path

import av
import numpy as np

from cmg.media.failure import MediaFailure
from cmg.media.source import Decoded

RATE = 44_100


def grey(number: int, size: tuple[int, int]) -> np.ndarray:
    """A flat frame whose grey level tells its number (up to 60 frames apart by 4 levels)."""
    return np.full((size[1], size[0], 3), 8 + 4 * (number % 60), np.uint8)


def make_video(
    path: Path,
    frames: int = 50,
    fps: int = 25,
    sound: bool = True,
    size=(32, 32),
    codec="libx264",
    picture=grey,
    **options,
):
    """Write a video whose frame k is `picture(k, size)`, with a 440 Hz stereo tone (right channel at half loudness) if
    `sound`."""
    with av.open(str(path), "w", options={key: str(value) for key, value in options.items()}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if codec == "mpeg4":
            stream.bit_rate = 4_000_000  # its default smears grey levels
        voice = container.add_stream("aac", rate=RATE) if sound else None
        if sound:
            voice.layout = "stereo"
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number, size), format="rgb24")))
        container.mux(stream.encode())
        if sound:
            _mux_tone(container, voice, frames / fps)
    return path


def _mux_tone(container, voice, seconds: float) -> None:
    mono = tone(seconds)
    stereo = np.stack([mono, mono / 2])
    for start in range(0, stereo.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(stereo[:, start : start + 1024]), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts = RATE, start
        container.mux(voice.encode(frame))
    container.mux(voice.encode())


def tone(seconds: float, hertz: float = 440.0, rate: int = RATE) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def make_wav(path: Path, channels: np.ndarray, rate: int = RATE) -> Path:
    """16-bit WAV from float `[channels, samples]` in -1..1."""
    import wave

    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((channels.T * 32767).round().astype("<i2").tobytes())
    return path


def decode_number(task: int | str) -> Decoded:
    """A fake decoder: numbers decode to themselves, words misbehave."""
    if task == "hang":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        time.sleep(600)
    if task == "die":
        os._exit(3)
    if task == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "greedy":
        return Decoded(np.ones(1 << 30), 1)
    if task == "bad":
        raise MediaFailure("unreadable", "a bad\nfile")
    if task == "pid":
        return Decoded(np.array([os.getpid()]), 1)
    return Decoded(np.full((3, 2), task, np.float32), 2, 7)
