import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.media.failure import MediaFailure
from cmg.media.grid import Window, clip_span, official_indices, plan, timestamp_indices
from cmg.media.source import whole_seconds


def times(frames: int, fps: float) -> np.ndarray:
    return np.arange(frames) / fps


def test_thirty_frames_a_second_gives_the_published_indices():
    grid = official_indices(300, 10, 16).reshape(10, 16)
    assert grid[0].tolist() == [0, 1, 3, 5, 7, 9, 11, 13, 15, 16, 18, 20, 22, 24, 26, 28]
    assert (grid == grid[0] + 30 * np.arange(10)[:, None]).all()


def test_the_integer_interval_makes_the_last_second_start_early():
    assert official_indices(299, 10, 16).reshape(10, 16)[9, 0] == 9 * 29
    assert official_indices(159, 10, 16).reshape(10, 16)[9, 0] == 9 * 15


@pytest.mark.parametrize("frames", [100, 137, 160, 241, 300, 599])
def test_official_indices_equal_the_floating_point_formula(frames):
    interval = frames // 10
    expected = [int(np.floor(second * interval + (i / 16) * interval)) for second in range(10) for i in range(16)]
    assert official_indices(frames, 10, 16).tolist() == expected


def test_frames_repeat_below_sixteen_frames_a_second():
    first = official_indices(100, 10, 16)[:16]
    assert first.tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8, 8, 9]


def test_timestamp_grid_takes_the_frame_on_screen():
    uneven = np.array([0.0, 0.1, 0.9, 1.0, 1.6, 1.9])
    assert timestamp_indices(uneven, 2, 2).tolist() == [0, 1, 3, 3]
    assert timestamp_indices(times(299, 29.97), 10, 1).tolist() == [0, 29, 59, 89, 119, 149, 179, 209, 239, 269]


@pytest.mark.parametrize(
    ("length", "seconds"), [(10.08, 10), (9.96, 10), (9.5, 10), (9.49, 9), (7.3, 7), (8.976, 9), (1.8, 1), (0.2, 1), (71.0, 10)]
)
def test_whole_seconds(length, seconds):
    assert whole_seconds(length, 10) == seconds


def test_plan_of_a_full_clip_is_the_official_grid():
    found = plan(times(302, 30), Window())
    assert found.seconds == 10 and found.last == 301
    assert found.indices.tolist() == official_indices(302, 10, 16).tolist()


def test_plan_of_a_short_clip_keeps_seconds_true_and_stretch_keeps_ten():
    short = plan(times(182, 25), Window(frames_per_second=2))
    assert short.seconds == 7 and short.indices.tolist() == official_indices(182, 7, 2).tolist()
    stretched = plan(times(182, 25), Window(frames_per_second=2, length="stretch"))
    assert stretched.seconds == 10 and stretched.indices.tolist() == official_indices(182, 10, 2).tolist()


def test_a_window_in_a_longer_file():
    first, end, length = clip_span(times(60 * 30, 30), Window(start=20, duration=10))
    assert (first, end, length) == (600, 900, 10)
    chosen = plan(times(60 * 30, 30), Window(start=55, duration=10))
    assert chosen.seconds == 5 and chosen.indices[0] == 1650 and chosen.last == 1799


def test_no_duration_means_the_file_up_to_ten_seconds():
    assert plan(times(30 * 25, 25), Window(duration=None)).last == 249
    assert plan(times(50, 25), Window(duration=None)).seconds == 2


def test_a_window_behind_the_end_is_empty():
    with pytest.raises(MediaFailure, match="ends at 2.00 s") as caught:
        plan(times(50, 25), Window(start=5))
    assert caught.value.kind == "empty"


def test_no_frames_at_all_is_empty():
    with pytest.raises(MediaFailure, match="no frame"):
        plan(np.zeros(0), Window())


def test_five_second_clips_have_five_seconds():
    assert plan(times(150, 30), Window(duration=5.0)).seconds == 5
    assert plan(times(150, 30), Window(duration=5.0, length="stretch")).seconds == 5


@given(st.floats(0.1, 40), st.integers(10, 30))
def test_the_first_ten_seconds_are_the_same_in_a_store_of_more(length, most):
    assert min(whole_seconds(length, most), 10) == whole_seconds(length, 10)
