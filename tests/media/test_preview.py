"""Small pictures and loudness of media files."""

import io

import numpy as np
import pytest
from PIL import Image

from cmg.media.audio import AudioTask
from cmg.media.failure import MediaFailure
from cmg.media.preview import BINS, SIDE, jpeg, preview
from cmg.media.source import Source
from cmg.media.video import VideoTask
from cmg.media.window import Window
from tests.media.tiny import grey, make_video, make_wav, tone


def test_a_picture_keeps_its_shape_and_becomes_small(tmp_path):
    Image.fromarray(np.full((300, 600, 3), 90, np.uint8)).save(tmp_path / "a.png")
    array = preview(VideoTask(Source(str(tmp_path), "a.png"), Window())).array
    assert array.shape == (1, SIDE // 2, SIDE, 3) and (array == 90).all()
    encoded = jpeg(array[0])
    assert encoded == jpeg(array[0]) and Image.open(io.BytesIO(encoded)).size == (SIDE, SIDE // 2)


def test_of_a_video_the_middle_is_shown(tmp_path):
    make_video(tmp_path / "v.mp4", frames=50, sound=False)
    array = preview(VideoTask(Source(str(tmp_path), "v.mp4"), Window(duration=None))).array
    assert array.shape == (1, 32, 32, 3)
    assert abs(int(array.mean()) - int(grey(25, (1, 1)).mean())) <= 3


def test_peaks_follow_the_loudness(tmp_path):
    sound = tone(2.0, rate=16_000) * np.repeat([0.25, 1.0], 16_000)
    make_wav(tmp_path / "s.wav", sound[None], 16_000)
    found = preview(AudioTask(Source(str(tmp_path), "s.wav"), Window(duration=None, seconds=30)))
    assert found.array.shape == (BINS,) and found.valid == 2
    np.testing.assert_allclose(found.array[[10, 60]], [0.1, 0.4], atol=0.01)


def test_noise_is_a_bounded_number_of_bytes():
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    assert len(jpeg(noise)) < 10_000


@pytest.mark.parametrize("name", ["gone.jpg", "text.jpg", "../out.jpg"])
def test_a_file_that_is_no_picture_is_a_failure(tmp_path, name):
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(MediaFailure):
        preview(VideoTask(Source(str(tmp_path), name), Window()))
