from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.clips import Event, counts
from cmg.datasets.problems import Problems
from cmg.datasets.vggsound import read_starts
from tests.datasets.lines import IDS, TEXT, accounted, any_lines, carrying, indexed


def test_both_forms_of_the_start_table(tmp_path):
    path, problems = tmp_path / "t.csv", Problems()
    path.write_text('a,30,"x, y",train\r\na,5,x,test\r\n-b,0,x,test\r\n')
    assert read_starts(path, problems) == {"a": (5, 30), "-b": (0,)}
    path.write_text("video_id,starts\na,30;5\n-b,\n")
    assert read_starts(path, problems) == {"a": (5, 30), "-b": ()}
    assert problems == []


def test_the_official_rows_of_the_test_part(official):
    root = official({"vggsound/vggsound_test_rows.rebuilt.csv": "t.csv"})
    problems = Problems()
    starts = read_starts(root / "t.csv", problems)
    assert problems == []
    assert sum(map(len, starts.values())) == 15446
    assert sum(len(times) == 2 for times in starts.values()) == 595


FILES = {
    "vggsound.csv": 'aaaaaaaaaaa,30,"playing violin, fiddle",train\r\n'
    "aaaaaaaaaaa,5,skiing,test\r\n-bbbbbbbbbb,0,skiing,test\r\n",
    "video/aaaaaaaaaaa_000030.mp4": b"a",
    "video/-bbbbbbbbbb_000000.mp4": b"b",
}


def test_rows_are_clips_not_videos(make_root, read):
    result = read("vggsound", make_root(FILES))
    assert result.problems == []
    assert [(clip.clip_id, clip.split, clip.status, clip.source_start) for clip in result.clips] == [
        ("aaaaaaaaaaa_000030", "train", "ok", 30.0),
        ("aaaaaaaaaaa_000005", "test", "missing", 5.0),
        ("-bbbbbbbbbb_000000", "test", "ok", 0.0),
    ]
    assert result.clips[0].events == (Event("playing violin, fiddle", 0, 10, "av"),)


def test_bad_lines(make_root, read):
    lines = 'aaaaaaaaaaa,30,x,train\n../x,1,y,test\nccccccccccc,1,y,dev\nddddddddddd,-1,y,test\n"open,1,y,test\n'
    result = read("vggsound", make_root({**FILES, "vggsound.csv": FILES["vggsound.csv"] + lines}))
    assert [clip.status for clip in result.clips] == ["ok", "missing", "ok", "refused", "malformed"]
    assert Counter(problem.kind for problem in result.problems) == {"duplicate": 1, "refused": 1, "malformed": 3}


STARTS = st.sampled_from(["0", "30", "-1", "5;30", ""]) | TEXT
LINES = any_lines(IDS, STARTS, TEXT, st.sampled_from(["train", "test", "dev"]))


@given(LINES)
def test_any_lines_are_rows_or_problems(tmp_path_factory, lines):
    lines = ["aaaaaaaaaaa,30,x,train", *lines]
    result = indexed(tmp_path_factory.mktemp("vggsound"), "vggsound", {"vggsound.csv": "\n".join(lines)})
    assert accounted(result) == carrying(lines)


@given(LINES | any_lines(IDS, STARTS))
def test_any_start_lines_are_starts_or_problems(tmp_path_factory, lines):
    path, problems = tmp_path_factory.mktemp("starts") / "t.csv", Problems()
    path.write_bytes("\n".join(["video_id,starts", *lines]).encode())
    starts = read_starts(path, problems)
    assert all(list(times) == sorted(set(times)) and all(time >= 0 for time in times) for times in starts.values())
    assert len(problems) <= carrying(lines) and bool(starts) >= (
        len(problems) < carrying(lines) - lines.count("video_id,starts")
    )


def test_the_official_test_rows(official, read):
    result = read("vggsound", official({"vggsound/vggsound_test_rows.rebuilt.csv": "vggsound.csv"}))
    assert counts(result.clips) == {("test", "missing"): 15446} and result.problems == []
