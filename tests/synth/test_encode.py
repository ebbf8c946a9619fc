"""Encoded files: same bytes for the same input, streams that decode to what was given, a truncated MP4 that does not
open."""

import av
import numpy as np
import pytest

from cmg.media.image import load_rgb
from cmg.synth.encode import truncate, write_avi, write_image, write_mask, write_mp4, write_wav

RATE = 16000


@pytest.fixture
def frames():
    """Ten frames [10, 48, 64, 3] at four per second: a bright square that moves over grey."""
    result = np.full((10, 48, 64, 3), 90, np.uint8)
    for number, frame in enumerate(result):
        frame[16:32, 5 * number : 5 * number + 16] = (230, 40, 40)
    return result


@pytest.fixture
def tone():
    """2.5 s of 440 Hz, two channels, the second half as loud."""
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(2.5 * RATE)) / RATE).astype(np.float32)
    return np.stack([wave, wave / 2]), RATE


@pytest.mark.parametrize(
    ("write", "name", "codecs"), [(write_mp4, "a.mp4", ["h264", "aac"]), (write_avi, "a.avi", ["mpeg4", "mp3"])]
)
def test_round_trip(tmp_path, frames, tone, write, name, codecs):
    write(tmp_path / name, frames, 4, tone)
    with av.open(str(tmp_path / name)) as container:
        assert [stream.codec_context.name.removesuffix("float") for stream in container.streams] == codecs
        decoded = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
        assert float(container.streams.video[0].average_rate) == 4
    with av.open(str(tmp_path / name)) as container:
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
        assert (container.streams.audio[0].rate, heard.shape[0]) == (RATE, 2)
    assert decoded.shape == frames.shape
    assert np.abs(decoded.astype(int) - frames).mean() < 12
    assert abs(heard.shape[1] / RATE - 2.5) < 0.2
    spectrum = np.abs(np.fft.rfft(heard[0]))
    assert abs(np.fft.rfftfreq(heard.shape[1], 1 / RATE)[spectrum.argmax()] - 440) < 5
    assert 1.6 < heard[0].std() / heard[1].std() < 2.4


@pytest.mark.parametrize(("write", "name"), [(write_mp4, "mp4"), (write_avi, "avi")])
def test_same_input_same_bytes(tmp_path, frames, tone, write, name):
    for copy in ("one", "two"):
        write(tmp_path / f"{copy}.{name}", frames, 4, tone)
    assert (tmp_path / f"one.{name}").read_bytes() == (tmp_path / f"two.{name}").read_bytes()
    write(tmp_path / f"other.{name}", frames[::-1], 4, tone)
    assert (tmp_path / f"other.{name}").read_bytes() != (tmp_path / f"one.{name}").read_bytes()


@pytest.mark.parametrize(("write", "name"), [(write_mp4, "a.mp4"), (write_avi, "a.avi")])
def test_no_muxer_version_and_no_time(tmp_path, frames, tone, write, name):
    write(tmp_path / name, frames, 4, tone)
    content = (tmp_path / name).read_bytes()
    assert b"Lavf" not in content and b"Lavc" not in content
    with av.open(str(tmp_path / name)) as container:
        assert not {"creation_time", "encoder", "software"} & container.metadata.keys()


@pytest.mark.parametrize(("write", "name"), [(write_mp4, "a.mp4"), (write_avi, "a.avi")])
def test_without_sound(tmp_path, frames, write, name):
    write(tmp_path / name, frames, 4, None)
    with av.open(str(tmp_path / name)) as container:
        assert not container.streams.audio
        assert len(list(container.decode(video=0))) == 10


def test_avi_has_the_tag_of_the_official_files(tmp_path, frames):
    write_avi(tmp_path / "a.avi", frames, 4, None)
    assert b"XVID" in (tmp_path / "a.avi").read_bytes()


def test_truncated(tmp_path, frames, tone):
    path = tmp_path / "a.mp4"
    write_mp4(path, frames, 4, tone)
    whole = path.read_bytes()
    truncate(path)
    assert path.read_bytes() == whole[: int(0.6 * len(whole))]
    with pytest.raises(av.error.InvalidDataError):
        av.open(str(path))


def test_wav_jpeg_and_png(tmp_path, frames, tone):
    for copy in ("one", "two"):
        write_wav(tmp_path / f"{copy}.wav", *tone)
        write_image(tmp_path / f"{copy}.jpg", frames[0])
        write_image(tmp_path / f"{copy}.png", frames[0])
        write_mask(tmp_path / f"{copy}-mask.png", frames[0, :, :, 0] > 200)
    for suffix in (".wav", ".jpg", ".png", "-mask.png"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert np.array_equal(load_rgb(tmp_path / "one.png"), frames[0])
    assert np.abs(load_rgb(tmp_path / "one.jpg").astype(int) - frames[0]).mean() < 4
    assert np.array_equal(load_rgb(tmp_path / "one-mask.png")[:, :, 0] == 255, frames[0, :, :, 0] > 200)
    write_image(tmp_path / "grey.jpg", frames[0], grey=True)
    assert not np.ptp(load_rgb(tmp_path / "grey.jpg"), axis=-1).any()
    with av.open(str(tmp_path / "one.wav")) as container:
        heard = np.concatenate([frame.to_ndarray().reshape(-1, 2).T for frame in container.decode(audio=0)], axis=1)
    assert np.abs(heard / 32767 - tone[0]).max() < 2e-5
