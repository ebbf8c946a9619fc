import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import write_index
from tests.datasets.lines import JSON, accounted, indexed

NAMES = ["-bcdefghijk_30.000_40.000", "_bcdefghijk_0.000_10.000", "abcdefghijk_1.500_11.500"]
FILES = {
    f"desc_{split}.json": json.dumps([{"video_id": name, "desc": f"A  {split}."}])
    for split, name in zip(("train", "val", "test"), NAMES, strict=True)
}


def test_ids_keep_their_dots(make_root, read):
    result = read("valor32k", make_root({**FILES, f"video/{NAMES[0]}.mp4": b"x"}))
    assert result.problems == []
    assert [(clip.clip_id, clip.split, clip.status, clip.source_start, clip.captions) for clip in result.clips] == [
        (NAMES[0], "train", "ok", 30.0, ("A train.",)),
        (NAMES[1], "val", "missing", 0.0, ("A val.",)),
        (NAMES[2], "test", "missing", 1.5, ("A test.",)),
    ]
    assert result.clips[0].visual == result.clips[0].audio == f"video/{NAMES[0]}.mp4"


def test_bad_entries_and_options(make_root, read, tmp_path):
    entries = [
        3,
        {"video_id": "x", "desc": "y"},
        {"video_id": "../x", "desc": "y"},
        {"video_id": NAMES[1], "desc": "y"},
        {"video_id": "\ud800", "desc": "\ud800"},
    ]
    root = make_root({**FILES, "desc_test.json": json.dumps(entries)})
    result = read("valor32k", root)
    assert [clip.status for clip in result.clips] == ["missing", "missing", "malformed", "refused", "refused"]
    assert [(problem.line, problem.kind) for problem in result.problems] == [
        (1, "malformed"),
        (2, "malformed"),
        (3, "refused"),
        (4, "duplicate"),
        (5, "refused"),
    ]
    write_index(tmp_path / "i.parquet", result.clips)
    assert len(read("valor32k", root, splits="val").clips) == 1
    with pytest.raises(DatasetError, match="expected some of train,val,test"):
        read("valor32k", root, splits="dev")
    for text in ("[", "{}"):
        with pytest.raises(DatasetError, match=r"desc_val\.json"):
            read("valor32k", make_root({**FILES, "desc_val.json": text}))


ENTRY = st.fixed_dictionaries(
    {"video_id": st.sampled_from(NAMES) | JSON, "desc": st.text(max_size=9) | JSON}, optional={"x": JSON}
)


@given(st.lists(ENTRY | JSON, max_size=6))
def test_any_json_entries_are_rows_or_problems(tmp_path_factory, entries):
    files = {"desc_test.json": json.dumps(entries)}
    assert accounted(indexed(tmp_path_factory.mktemp("valor"), "valor32k", files, splits="test")) == len(entries)
