import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.media.failure import MediaFailure
from cmg.media.grid import official_indices, plan, timestamp_indices
from cmg.media.window import Window, whole_seconds


def times(frames: int, fps: float) -> np.ndarray:
    return np.arange(frames) / fps


def planned(shown: np.ndarray, window: Window, length: float | None = None):
    return plan(shown, float(2 * shown[-1] - shown[-2]) if length is None else length, window)


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
    assert timestamp_indices(uneven, 0.0, 2, 2).tolist() == [0, 1, 3, 3]
    assert timestamp_indices(times(299, 29.97), 0.0, 10, 1).tolist() == [0, 29, 59, 89, 119, 149, 179, 209, 239, 269]


@pytest.mark.parametrize(
    ("length", "seconds"),
    [(10.08, 10), (9.96, 10), (9.5, 10), (9.49, 9), (7.3, 7), (8.976, 9), (1.8, 1), (0.2, 1), (71.0, 10)],
)
def test_whole_seconds(length, seconds):
    assert whole_seconds(length, 10) == seconds


def test_plan_of_a_full_clip_is_the_official_grid():
    found = planned(times(302, 30), Window())
    assert found.seconds == 10 and found.stop == 302
    assert found.indices.tolist() == official_indices(302, 10, 16).tolist()


@pytest.mark.parametrize("fps", [25, 29.97, 12.5])
@pytest.mark.parametrize("length", [7.28, 7.88, 3.5, 8.98])
def test_a_short_clip_takes_the_formula_on_the_frames_of_its_whole_seconds(length, fps):
    seconds = whole_seconds(length, 10)
    found = planned(times(int(length * fps), fps), Window(frames_per_second=2), length)
    assert found.seconds == seconds
    inside = min(int(length * fps), int(np.ceil(seconds * fps - 0.01)))
    assert found.indices.tolist() == official_indices(inside, seconds, 2).tolist()


def test_stretch_spreads_ten_seconds_over_a_short_clip():
    stretched = planned(times(182, 25), Window(frames_per_second=2, length="stretch"))
    assert stretched.seconds == 10 and stretched.indices.tolist() == official_indices(182, 10, 2).tolist()


def test_count_is_the_formula_over_all_frames_whatever_their_stamps():
    shown = np.sort(np.random.default_rng(0).uniform(0, 10, 173))
    shown[0] = 0.0
    found = planned(shown, Window(grid="count"), 10.0)
    assert found.indices.tolist() == official_indices(173, 10, 16).tolist() and found.remarks == ()
    short = planned(times(197, 25), Window(grid="count"), 7.88)
    assert short.indices.tolist() == official_indices(197, 7, 16).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_time_stamps_decide_where_frames_are_not_evenly_spaced(seed):
    generator = np.random.default_rng(seed)
    shown = np.delete(
        times(300, 30), np.arange(generator.integers(1, 5), generator.integers(20, 200)) + generator.integers(0, 90)
    )
    found = planned(shown, Window(frames_per_second=4), 10.0)
    assert found.indices.tolist() == timestamp_indices(shown, 0.0, 10, 4).tolist()
    assert "uneven_frames" in [remark.kind for remark in found.remarks]


@pytest.mark.parametrize("seed", range(20))
def test_rounded_jittering_and_single_missing_stamps_are_evenly_spaced(seed):
    generator = np.random.default_rng(seed)
    shown = np.round(times(300, 29.97) + generator.uniform(-0.004, 0.004, 300), 3)
    shown = np.delete(np.maximum(shown, 0.0), generator.integers(1, 299))
    found = planned(shown, Window(frames_per_second=4), 10.01)
    assert found.indices.tolist() == official_indices(299, 10, 4).tolist() and found.remarks == ()


def test_fewer_frames_than_seconds_go_by_their_stamps():
    assert planned(times(5, 0.5), Window(frames_per_second=1)).indices.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_picture_that_begins_late_or_ends_early_is_held():
    found = planned(np.arange(20, 60) / 10, Window(frames_per_second=1), 10.0)
    assert found.indices.tolist() == [0, 0, 0, 10, 20, 30, 39, 39, 39, 39] and found.seconds == 10
    assert [remark.kind for remark in found.remarks] == ["picture_held", "uneven_frames"]


def test_a_window_in_a_longer_file():
    found = planned(times(60 * 30, 30), Window(start=20, frames_per_second=1))
    assert found.indices.tolist() == list(range(600, 900, 30)) and found.stop == 900
    chosen = planned(times(60 * 30, 30), Window(start=55))
    assert chosen.seconds == 5 and chosen.indices[0] == 1650 and chosen.stop == 1800


def test_no_duration_means_the_file_up_to_ten_seconds():
    assert planned(times(30 * 25, 25), Window(duration=None)).stop == 250
    assert planned(times(50, 25), Window(duration=None)).seconds == 2


def test_a_window_behind_the_end_is_empty():
    with pytest.raises(MediaFailure, match="ends at 2.00 s") as caught:
        planned(times(50, 25), Window(start=5))
    assert caught.value.kind == "empty"


def test_no_frames_at_all_is_empty():
    with pytest.raises(MediaFailure, match="no frame"):
        plan(np.zeros(0), 0.0, Window())


def test_five_second_clips_have_five_seconds():
    assert planned(times(150, 30), Window(duration=5.0)).seconds == 5
    assert planned(times(150, 30), Window(duration=5.0, length="stretch")).seconds == 5


@given(st.floats(0.1, 40), st.integers(10, 30))
def test_the_first_ten_seconds_are_the_same_in_a_store_of_more(length, most):
    assert min(whole_seconds(length, most), 10) == whole_seconds(length, 10)
