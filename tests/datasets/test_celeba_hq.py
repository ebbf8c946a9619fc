import pytest

from cmg.datasets.clips import counts
from cmg.datasets.files import DatasetError


def test_numbers_become_rows_and_the_last_are_test(make_root, read):
    result = read("celeba_hq", make_root({"CelebA-HQ-img/0.jpg": b"a", "CelebA-HQ-img/2.png": b"c"}), count=3, held_out=1)
    assert [(clip.clip_id, clip.split, clip.status, clip.visual) for clip in result.clips] == [
        ("0", "train", "ok", "CelebA-HQ-img/0.jpg"),
        ("1", "train", "missing", None),
        ("2", "test", "ok", "CelebA-HQ-img/2.png"),
    ]


def test_the_default_is_the_official_count_and_a_wrong_folder_is_an_error(make_root, read):
    root = make_root({"CelebA-HQ-img/0.jpg": b"a"})
    assert counts(read("celeba_hq", root).clips) == {("train", "ok"): 1, ("train", "missing"): 28_999, ("test", "missing"): 1_000}
    with pytest.raises(DatasetError, match="held_out 5"):
        read("celeba_hq", root, count=3, held_out=5)
    with pytest.raises(DatasetError, match="CelebA-HQ-img/0.jpg"):
        read("celeba_hq", make_root({"img/0.jpg": b""}, "other"))
