"""YouTube ids in clip ids."""

import pytest

from cmg.registry import youtube_id


@pytest.mark.parametrize(
    ("dataset", "clip_id", "expected"),
    [
        ("ave", "-abcdefghij", "-abcdefghij"),
        ("avvp", "-abcdefghij_20_30", "-abcdefghij"),
        ("vggsound_avel", "a_b-cdefghi", "a_b-cdefghi"),
        ("valor32k", "_bcdefghijk_1.000_11.000", "_bcdefghijk"),
        ("ucf101", "v_Skiing_g01_c01", None),
    ],
)
def test_youtube_ids(dataset, clip_id, expected):
    assert youtube_id(dataset, clip_id) == expected
