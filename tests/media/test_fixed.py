"""One small file for each kind of trouble that people have reported, with what is right."""

from pathlib import Path

import numpy as np
import pytest

from cmg.media.audio import AudioTask, decode_audio
from cmg.media.grid import official_indices
from cmg.media.image import load_rgb
from cmg.media.source import Source
from cmg.media.video import VideoTask, decode_video
from cmg.media.window import Window
from tests.media.films import colour_of, number_of, tones_of

FILES = Path(__file__).parent / "files"
TEN = list(range(10))


def see(name: str, rate: int = 1):
    return decode_video(VideoTask(Source(str(FILES), name), Window(frames_per_second=rate)))


def hear(name: str):
    return decode_audio(AudioTask(Source(str(FILES), name), Window()))


@pytest.mark.parametrize("rate", [1, 16])
@pytest.mark.parametrize(
    "name", ["c_packed.avi", "c_mpeg4b.avi", "h_g30.avi", "hevc_default.mp4", "c_intrarefresh.mp4"]
)
def test_numbered_films(name, rate):
    found = see(name, rate)
    assert [number_of(frame) for frame in found.array] == official_indices(300, 10, rate).tolist() and found.valid == 10


@pytest.mark.parametrize(
    ("name", "picture", "sound", "remarks"),
    [
        ("cut_copy.mp4", list(range(3, 13)), list(range(3, 13)), set()),
        ("late_audio.mp4", TEN, [None, None, *range(8)], {"silence_filled"}),
        ("gap_audio.mp4", TEN, [0, 1, 2, 3, None, None, 6, 7, 8, 9], {"silence_filled"}),
        ("held_av.mp4", [0, 1, 2, *[3] * 7], TEN, {"picture_held", "uneven_frames"}),
        ("vfr.mp4", TEN, TEN, {"uneven_frames"}),
        ("d7.88.mp4", list(range(7)), list(range(7)), set()),
        ("cover_unflagged1.mkv", TEN, TEN, {"stream_chosen"}),
    ],
)
def test_colour_and_tone_films(name, picture, sound, remarks):
    seen, heard = see(name), hear(name)
    assert [colour_of(frame) for frame in seen.array] == picture
    assert seen.valid == heard.valid == len(sound)
    assert tones_of(heard.array, heard.rate, heard.valid) == sound
    assert {remark.kind for remark in (*seen.remarks, *heard.remarks)} == remarks


def test_the_last_second_of_a_short_clip_is_a_whole_one():
    assert {colour_of(frame) for frame in see("d7.88.mp4", 16).array[-16:]} == {6}


def test_a_turned_film_is_turned_also_where_it_is_cut_off():
    whole, cut = see("quad_rot_fs.mp4"), see("quad_rot_cut.mp4")
    assert (
        whole.array.shape == (10, 160, 120, 3)
        and cut.array.shape == (7, 160, 120, 3)
        and cut.valid == hear("quad_rot_cut.mp4").valid == 7
    )
    np.testing.assert_array_equal(whole.array[:7], cut.array)
    assert [remark.kind for remark in cut.remarks] == ["rotated"]


def test_a_rate_that_changes_in_the_middle():
    found = hear("rate_change.aac")
    assert tones_of(found.array, found.rate, 9) == list(range(9)) and [remark.kind for remark in found.remarks] == [
        "rate_changed"
    ]


def test_images():
    assert abs(load_rgb(FILES / "gray16.png").mean() - 127.5) < 0.5
    assert load_rgb(FILES / "exif6.jpg").shape == (80, 60, 3)
