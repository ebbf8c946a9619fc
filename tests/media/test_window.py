"""Which part of a file is the clip."""

import pytest

from cmg.media.failure import MediaFailure
from cmg.media.window import Window, span


@pytest.mark.parametrize(
    ("length", "start", "source_start", "found"),
    [
        (10.0, 0.0, 30.0, (0.0, 10.0, 10)),  # of the clip's length: cut already
        (12.0, 0.0, 30.0, (0.0, 10.0, 10)),
        (10.4, 0.0, None, (0.0, 10.4, 10)),
        (7.88, 0.0, 30.0, (0.0, 7.88, 7)),
        (240.0, 0.0, 30.0, (30.0, 40.0, 10)),  # the whole video
        (40.0, 0.0, 30.0, (30.0, 40.0, 10)),
        (39.6, 0.0, 30.0, (30.0, 39.6, 10)),
        (240.0, 20.0, None, (20.0, 30.0, 10)),  # the index says where in the file
        (12.1, 0.0, 0.0, (0.0, 10.0, 10)),
        (240.0, 0.0, None, "nothing says which"),
        (12.1, 0.0, 30.0, "neither the clip nor the video"),
        (39.0, 0.0, 30.0, "neither the clip nor the video"),
    ],
)
def test_a_longer_file_is_cut_only_where_it_holds_the_clip_and_its_start_is_known(length, start, source_start, found):
    window = Window(start=start, source_start=source_start)
    if isinstance(found, str):
        with pytest.raises(MediaFailure, match=found) as caught:
            span(window, length)
        assert caught.value.kind == "ambiguous"
        return
    part = span(window, length)
    assert (part.start, part.end, part.seconds) == pytest.approx(found)
    assert [remark.kind for remark in part.remarks] == (["longer_file_cut"] if length > 12 and start == 0 else [])


def test_a_file_without_a_nominal_length_is_never_ambiguous():
    assert span(Window(duration=None), 71.0).seconds == 10


def test_nothing_begins_behind_the_end():
    with pytest.raises(MediaFailure, match="ends at 2.00 s") as caught:
        span(Window(start=5.0), 2.0)
    assert caught.value.kind == "empty"
