import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.annotations import DatasetError, Line
from cmg.datasets.clips import counts
from cmg.datasets.flickrsound import id_of
from tests.datasets.lines import IDS, TEXT, accounted, any_lines, carrying, indexed, lost

FILES = {"frames/10.jpg": b"a", "audio/10.wav": b"a", "frames/9.png": b"b", "audio/9.wav": b"b", "audio/300.wav": b"c"}


def test_pairs_on_disk_by_length_then_text(make_root, read):
    result = read("flickrsound", make_root(FILES), held_out=1)
    assert [(clip.clip_id, clip.status, clip.visual, clip.audio) for clip in result.clips] == [
        ("9", "ok", "frames/9.png", "audio/9.wav"),
        ("10", "ok", "frames/10.jpg", "audio/10.wav"),
        ("300", "missing", None, "audio/300.wav"),
    ]
    assert sorted(clip.split for clip in result.clips) == ["test", "train", "train"]
    with pytest.raises(DatasetError, match="frames/<id>.jpg"):
        read("flickrsound", make_root({"x": b""}, "empty"))


def test_lists_decide_which_pairs_and_which_test(make_root, read):
    lists = {"all.txt": "filename\n10\n9\n9\n", "test.txt": "/disk/of/someone/9.mp4\n"}
    result = read("flickrsound", make_root({**FILES, **lists}), ids="all.txt", test_list="test.txt")
    assert [(clip.clip_id, clip.split) for clip in result.clips] == [("9", "test"), ("10", "train")]
    assert [(problem.file, problem.line, problem.kind) for problem in result.problems] == [("all.txt", 4, "duplicate")]


def test_captions_where_there_are_any(make_root, read):
    lines = ["id,caption", '10,"A dog,  and a cat"', "9,a bell", "10,another sentence"]
    lines += ["9,a bell", "7,nobody", "300,  ", "10,a,b", "300,later"]
    result = read("flickrsound", make_root({**FILES, "captions.csv": "\ufeff" + "\r\n".join(lines)}))
    found = {clip.clip_id: clip.captions for clip in result.clips}
    assert found == {"9": ("a bell",), "10": ("A dog, and a cat", "another sentence"), "300": ("later",)}
    kinds = [(problem.file, problem.line, problem.kind) for problem in result.problems]
    assert kinds == [
        ("captions.csv", line, kind)
        for line, kind in ((5, "duplicate"), (6, "orphan"), (7, "malformed"), (8, "malformed"))
    ]
    assert {clip.captions for clip in read("flickrsound", make_root(FILES, "without")).clips} == {()}
    with pytest.raises(DatasetError, match="expected the header 'id,caption'"):
        read("flickrsound", make_root({**FILES, "captions.csv": "name,text\n9,a bell\n"}, "other"))


def test_classes_where_there_are_any(make_root, read):
    result = read("flickrsound", make_root({**FILES, "labels.csv": "id,label\n9,bell\n9,dog\n9,bell\n8888,cat\n"}))
    found = {clip.clip_id: {event.label for event in clip.events} for clip in result.clips}
    assert found.pop("9") == {"bell", "dog"} and set(map(len, found.values())) <= {0}
    assert [problem.kind for problem in result.problems if problem.file == "labels.csv"] == ["duplicate", "orphan"]


@given(any_lines(st.sampled_from(["9", "10"]) | IDS, TEXT))
def test_any_caption_lines_are_captions_or_problems(tmp_path_factory, lines):
    listed = {"all.txt": "9\n10\n", "captions.csv": "\n".join(["id,caption", *lines])}
    result = indexed(tmp_path_factory.mktemp("flickr"), "flickrsound", listed, ids="all.txt")
    assert sum(len(clip.captions) for clip in result.clips) + len(lost(result)) == carrying(lines)


@given(any_lines(IDS, TEXT))
def test_any_list_lines_are_rows_or_problems(tmp_path_factory, lines):
    lines = ["filename", *lines]
    result = indexed(
        tmp_path_factory.mktemp("flickr"), "flickrsound", {"all.txt": "\n".join(["9", *lines])}, ids="all.txt"
    )
    assert accounted(result) == 1 + carrying(lines)


@pytest.mark.parametrize(
    ("text", "clip_id"),
    [("24.png", "24"), ("/a/b/24.mp4", "24"), ("24,3", "24"), ("24", "24"), ("a.b", "a.b"), ("../..", "..")],
)
def test_ids_in_list_lines(text, clip_id):
    assert id_of(Line(1, text)) == clip_id


@pytest.mark.parametrize(
    ("file", "count", "repeated"),
    [("test_list.txt", 250, 0), ("supervised_test_list.txt", 250, 30), ("flickr_test.csv", 249, 0)],
)
def test_the_official_lists(official, read, file, count, repeated):
    root = official({f"flickrsound/{file}": file})
    result = read("flickrsound", root, test_list=file)
    assert counts(result.clips) == {("test", "missing"): count}
    assert [problem.kind for problem in result.problems] == ["duplicate"] * repeated
