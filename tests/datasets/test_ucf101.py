from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets import ucf101
from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import Event, counts
from cmg.datasets.listing import scan
from cmg.datasets.problems import Problems
from tests.datasets.lines import carrying

FILES = {
    "ucfTrainTestlist/classInd.txt": "1 Basketball\r\n2 HandstandPushups\r\n",
    "ucfTrainTestlist/trainlist01.txt": "HandstandPushups/v_HandStandPushups_g08_c01.avi 2\r\n"
    "Basketball/v_Basketball_g25_c02.avi 1\r\n",
    "ucfTrainTestlist/testlist01.txt": "Basketball/v_Basketball_g01_c01.avi\r\n",
    "UCF-101/HandstandPushups/v_HandStandPushups_g08_c01.avi": b"h",
    "UCF-101/Basketball/v_Basketball_g01_c01.avi": b"b",
}


def test_rows_are_the_train_then_the_test_list(make_root, read):
    result = read("ucf101", make_root(FILES))
    assert result.problems == []
    assert [(clip.clip_id, clip.split, clip.status, clip.audio, clip.duration) for clip in result.clips] == [
        ("v_HandStandPushups_g08_c01", "train", "ok", None, None),
        ("v_Basketball_g25_c02", "train", "missing", None, None),
        ("v_Basketball_g01_c01", "test", "ok", None, None),
    ]
    assert result.clips[0].visual == "UCF-101/HandstandPushups/v_HandStandPushups_g08_c01.avi"
    assert result.clips[0].events == (Event("HandstandPushups", 0, 10, "visual"),)
    assert [ucf101.group(clip.clip_id) for clip in result.clips] == [8, 25, 1]


def test_bad_lines_are_malformed_rows_or_problems(make_root, read):
    lines = [
        "Basketball/v_Basketball_g25_c02.avi 2",
        "Basketball/v_Bowling_g25_c03.avi 1",
        "Bowling/v_Bowling_g25_c03.avi 1",
        "Basketball/v_Basketball_g25.avi 1",
        "../../v_Basketball_g25_c09.avi 1",
        "Basketball/v_Basketball_g01_c01.avi 1",
    ]
    classes = FILES["ucfTrainTestlist/classInd.txt"] + "x Diving\r\n2 Diving\r\n"
    files = {**FILES, "ucfTrainTestlist/trainlist01.txt": "\r\n".join(lines), "ucfTrainTestlist/classInd.txt": classes}
    result = read("ucf101", make_root(files))
    assert [clip.status for clip in result.clips] == ["malformed"] * 4 + ["refused", "ok"]
    kinds = Counter((problem.file, problem.kind) for problem in result.problems)
    assert kinds == {
        ("trainlist01.txt", "malformed"): 4,
        ("trainlist01.txt", "refused"): 1,
        ("testlist01.txt", "duplicate"): 1,
        ("classInd.txt", "malformed"): 1,
        ("classInd.txt", "duplicate"): 1,
    }


def test_options(make_root, read):
    with pytest.raises(DatasetError, match="split_list 4"):
        read("ucf101", make_root(FILES), split_list=4)
    with pytest.raises(DatasetError, match="trainlist02"):
        read("ucf101", make_root(FILES), split_list=2)
    with pytest.raises(ValueError, match="did you mean 'split_list'"):
        read("ucf101", make_root(FILES), splitlist=2)


@pytest.mark.parametrize("clip_id", ["", "v_Basketball_g1_c01", "Basketball_g01_c01", "v_Basketball_g01_c01.avi"])
def test_group_of_another_name_is_an_error(clip_id):
    with pytest.raises(ValueError, match="v_<Class>_gXX_cYY"):
        ucf101.group(clip_id)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=40), max_size=6))
def test_any_list_lines_are_rows_or_problems(tmp_path_factory, lines):
    root = tmp_path_factory.mktemp("ucf")
    (root / "ucfTrainTestlist").mkdir()
    for name, text in (("classInd", "1 Basketball\n"), ("trainlist01", ""), ("testlist01", "\n".join(lines))):
        (root / f"ucfTrainTestlist/{name}.txt").write_bytes(text.encode())
    result = ucf101.index(root, scan(root), ucf101.Options())
    carrying = [
        line for line in "\n".join(lines).removeprefix("\ufeff").split("\n") if line.removesuffix("\r").encode().strip()
    ]
    assert len(result.clips) + sum(problem.kind == "duplicate" for problem in result.problems) == len(carrying)


@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "2", "x", ""]), st.sampled_from(["Bowling", "Diving", " "])).map(" ".join),
        max_size=6,
    )
)
def test_any_class_lines_are_classes_or_problems(tmp_path_factory, lines):
    path, problems = tmp_path_factory.mktemp("ucf") / "classInd.txt", Problems()
    path.write_text("\n".join(lines))
    found = ucf101.read_classes(path, problems)
    assert len(found) + len(problems) == carrying(lines) and len(set(found.values())) == len(found)


@pytest.mark.parametrize(("number", "train", "test"), [(1, 9537, 3783), (2, 9586, 3734), (3, 9624, 3696)])
def test_the_official_files(official, read, number, train, test):
    names = ["classInd.txt", f"trainlist0{number}.txt", f"testlist0{number}.txt"]
    result = read(
        "ucf101", official({f"ucf101/{name}": f"ucfTrainTestlist/{name}" for name in names}), split_list=number
    )
    assert counts(result.clips) == {("train", "missing"): train, ("test", "missing"): test}
    assert result.problems == []
    labels = Counter(clip.events[0].label for clip in result.clips)
    assert len(labels) == 101 and labels["Bowling"] == 155
    assert sum(clip.clip_id.startswith("v_HandStandPushups_") for clip in result.clips) == 128
    groups = {
        split: {(clip.events[0].label, ucf101.group(clip.clip_id)) for clip in result.clips if clip.split == split}
        for split in ("train", "test")
    }
    assert not groups["train"] & groups["test"]
    assert {number for _, number in groups["train"] | groups["test"]} == set(range(1, 26))
