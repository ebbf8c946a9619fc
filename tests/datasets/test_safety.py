import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.safety import UnsafePath, safe_join, visible, why_unsafe_id, why_unsafe_path

FINE = [
    "-abcDEF_123",
    "--9O4XZOge4",
    "a file, with #1 & dots.v2 .wav",
    "_x",
    "日本",
    "...",
    "a..b",
    "~root",
    "=SUM(A1)",
]
HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a\0b",
    "a\nb",
    "\x1b[2J",
    "a\u2028b",
    "\ud800",
    "x" * 256,
]


@pytest.mark.parametrize("clip_id", FINE)
def test_odd_but_harmless_ids_are_accepted(clip_id):
    assert why_unsafe_id(clip_id) is None
    assert why_unsafe_path(f"video/{clip_id}.mp4") is None


@pytest.mark.parametrize("clip_id", HOSTILE)
def test_hostile_ids_are_refused_with_a_reason(clip_id):
    assert why_unsafe_id(clip_id)


@pytest.mark.parametrize("path", ["../x", "a/../x", "/x", "\\\\host\\x", "a//b", "a/", "a/\n/b", "", "a/./b"])
def test_hostile_paths_are_refused(path, tmp_path):
    assert why_unsafe_path(path)
    with pytest.raises(UnsafePath, match="refused"):
        safe_join(tmp_path, path)


def test_a_link_out_of_the_root_is_refused(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("x")
    (root / "clip.mp4").symlink_to(tmp_path / "secret")
    with pytest.raises(UnsafePath, match="leads out of"):
        safe_join(root, "clip.mp4")


@given(st.text())
def test_an_accepted_path_stays_below_the_root(text):
    if why_unsafe_path(text) is None:
        parts = text.split("/")
        assert ".." not in parts and "" not in parts and "\0" not in text


@given(st.text(st.characters(exclude_categories=[])))
def test_visible_text_is_one_printable_line_that_encodes(text):
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")
