"""What a person is shown of a media file: a small picture from the middle of a clip, or how loud it is over time."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from cmg.media.audio import AudioTask, decode_audio
from cmg.media.source import Decoded
from cmg.media.video import VideoTask, decode_video

SIDE = 112  # pixels of the longer side
BINS = 80
QUALITY = 60  # of the JPEG


def preview(task: VideoTask | AudioTask) -> Decoded:
    """For `DecodePool`: a picture uint8 `[1, h, w, 3]`, or peaks of `BINS` equal parts of the sound, float32 `[BINS]`
    in 0..1.

    Raises MediaFailure.
    """
    return _picture(task) if isinstance(task, VideoTask) else _peaks(task)


def _picture(task: VideoTask) -> Decoded:
    decoded = decode_video(replace(task, window=replace(task.window, frames_per_second=1)))
    image = Image.fromarray(decoded.array[len(decoded.array) // 2])
    image.thumbnail((SIDE, SIDE))
    return Decoded(np.asarray(image)[None], decoded.valid)


def _peaks(task: AudioTask) -> Decoded:
    decoded = decode_audio(task)
    parts = np.array_split(np.nan_to_num(np.abs(decoded.array)), BINS)
    peaks = np.array([part.max(initial=0.0) for part in parts], dtype=np.float32)
    return Decoded(np.clip(peaks, 0, 1), decoded.valid, decoded.rate)


def jpeg(picture: np.ndarray) -> bytes:
    """A picture uint8 `[h, w, 3]` as a small JPEG; the same bytes for the same picture under the same Pillow."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
