"""Media files with reproducible bytes: MP4 (H.264 and AAC), AVI (MPEG-4 part 2, MP3 where there is sound), WAV, JPEG,
PNG.

One thread per encoder, no B-frames, and bit-exact muxing: neither times nor the version of FFmpeg enter the file; x264
and LAME write their own versions into their streams. Axes: N frames, H W pixels.
"""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from PIL import Image

MP4_VIDEO = {"preset": "superfast", "crf": "29", "threads": "1", "bf": "0"}
AVI_VIDEO = {"bf": "0", "threads": "1", "qscale": "5"}
CUT = 0.6


def write_mp4(path: Path, frames: np.ndarray, fps: int, sound: tuple[np.ndarray, int] | None) -> None:
    """Writes frames [N, H, W, 3] uint8 RGB and, if given, sound ([channels, n] float32 in -1..1, hertz)."""
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        picture = _video_stream(container, "libx264", frames, fps, MP4_VIDEO)
        _encode_all(container, picture, frames, sound, "aac", {"b": "48k", "aac_coder": "fast", "threads": "1"})


def write_avi(path: Path, frames: np.ndarray, fps: int, sound: tuple[np.ndarray, int] | None) -> None:
    """Writes the same as `write_mp4`, as UCF101 has it: MPEG-4 part 2 with the tag XVID; most files are silent."""
    with av.open(str(path), "w", format="avi", options={"fflags": "+bitexact"}) as container:
        picture = _video_stream(container, "mpeg4", frames, fps, AVI_VIDEO)
        picture.codec_context.codec_tag = "XVID"
        picture.codec_context.flags |= Flags.qscale
        _encode_all(container, picture, frames, sound, "libmp3lame", {"b": "64k", "threads": "1"})


def write_wav(path: Path, samples: np.ndarray, rate: int) -> None:
    """Writes sound [channels, n] float32 in -1..1 as 16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(samples.T * 32767).astype("<i2").tobytes())


def write_image(path: Path, pixels: np.ndarray, grey: bool = False) -> None:
    """Writes pixels [H, W, 3] uint8 RGB as the suffix says (.jpg or .png); grey: as one channel."""
    image = Image.fromarray(pixels)
    (image.convert("L") if grey else image).save(path, quality=90)


def write_mask(path: Path, covered: np.ndarray) -> None:
    """Writes [H, W] bool as a grey PNG of 0 and 255."""
    Image.fromarray(np.where(covered, 255, 0).astype(np.uint8)).save(path)


def truncate(path: Path) -> None:
    """Cuts the file in place, as an interrupted download would: an MP4 loses its index, which stands at its end."""
    content = path.read_bytes()
    path.write_bytes(content[: int(CUT * len(content))])


def _video_stream(container, codec: str, frames: np.ndarray, fps: int, options: dict[str, str]):
    stream = container.add_stream(codec, rate=fps, options=options)
    stream.height, stream.width = frames.shape[1:3]
    stream.pix_fmt = "yuv420p"
    stream.codec_context.flags |= Flags.bitexact
    stream.codec_context.gop_size = 2 * fps
    return stream


def _encode_all(container, picture, frames: np.ndarray, sound, codec: str, options: dict[str, str]) -> None:
    """Encodes second by second, so that the two streams interleave."""
    track = _audio_stream(container, codec, sound, options) if sound is not None else None
    fps = round(picture.codec_context.framerate)
    for second in range(-(-len(frames) // fps)):
        _encode_picture(container, picture, frames, range(second * fps, min((second + 1) * fps, len(frames))))
        if track is not None:
            _encode_sound(container, track, sound, second)
    for stream in (picture, track):
        if stream is not None:
            container.mux(stream.encode(None))


def _audio_stream(container, codec: str, sound: tuple[np.ndarray, int], options: dict[str, str]):
    samples, rate = sound
    stream = container.add_stream(codec, rate=rate, options=options)
    stream.codec_context.layout = "mono" if len(samples) == 1 else "stereo"
    stream.codec_context.flags |= Flags.bitexact
    return stream


def _encode_picture(container, stream, frames: np.ndarray, span: range) -> None:
    for index in span:
        frame = av.VideoFrame.from_ndarray(frames[index], format="rgb24")
        frame.pts = index
        frame.time_base = Fraction(1, round(stream.codec_context.framerate))
        container.mux(stream.encode(frame))


def _encode_sound(container, stream, sound: tuple[np.ndarray, int], second: int) -> None:
    samples, rate = sound
    part = np.ascontiguousarray(samples[:, second * rate : (second + 1) * rate])
    if part.shape[1] == 0:
        return
    frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono" if len(samples) == 1 else "stereo")
    frame.sample_rate = rate
    frame.pts = second * rate
    frame.time_base = Fraction(1, rate)
    container.mux(stream.encode(frame))
