import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets import mscoco
from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import write_index
from cmg.datasets.draw import draw
from cmg.datasets.listing import scan
from cmg.datasets.problems import Problems
from tests.datasets.lines import JSON

ENTRIES = [
    {"image_id": 139, "id": 7, "caption": "second  caption\n"},
    {"image_id": 139, "id": 3, "caption": "A first caption."},
    {"image_id": 42, "id": 9, "caption": "Another."},
]
FILES = {"annotations/captions_val2017.json": json.dumps({"annotations": ENTRIES}), "val2017/000000000139.jpg": b"x"}


def test_each_image_gets_the_caption_of_the_lowest_id(make_root, read):
    result = read("mscoco", make_root(FILES))
    assert [
        (clip.clip_id, clip.split, clip.status, clip.visual, clip.audio, clip.captions) for clip in result.clips
    ] == [
        ("000000000042", "test", "missing", None, None, ("Another.",)),
        ("000000000139", "test", "ok", "val2017/000000000139.jpg", None, ("A first caption.",)),
    ]
    everything = read("mscoco", make_root(FILES), pairs=0)
    assert everything.clips[1].captions == ("A first caption.", "second caption")


def test_the_pairs_are_drawn_by_the_stated_rule(make_root, read):
    entries = [{"image_id": number, "id": number, "caption": "c"} for number in range(600, 0, -1)]
    root = make_root(
        {
            "annotations/captions_val2014.json": json.dumps({"annotations": entries}),
            "val2014/COCO_val2014_000000000001.jpg": b"",
        }
    )
    clips = read("mscoco", root, year=2014, seed=1).clips
    assert len(clips) == 500
    assert [int(clip.clip_id) for clip in clips] == sorted(map(int, draw(map(str, range(1, 601)), 500, 1)))
    assert read("mscoco", root, year=2014, seed=2).clips != clips


def test_bad_entries_and_options(make_root, read):
    entries = [
        *ENTRIES,
        5,
        {"image_id": True, "caption": "x"},
        {"image_id": 1},
        {"image_id": -1, "caption": "x"},
        {"image_id": 10**12, "caption": "x"},
    ]
    result = read("mscoco", make_root({**FILES, "annotations/captions_val2017.json": json.dumps(entries)}))
    assert len(result.clips) == 2
    assert [(problem.line, problem.kind) for problem in result.problems] == [
        (line, "malformed") for line in range(4, 9)
    ]
    with pytest.raises(DatasetError, match="2015"):
        read("mscoco", make_root(FILES), year=2015)
    for text in ("{", "{}", "3"):
        with pytest.raises(DatasetError, match=r"captions_val2017\.json"):
            read("mscoco", make_root({**FILES, "annotations/captions_val2017.json": text}))


ENTRY = st.dictionaries(st.sampled_from(["image_id", "id", "caption", "x"]), JSON | st.integers(0, 9), max_size=4)


@given(st.lists(ENTRY | JSON, max_size=6))
def test_any_json_entries_are_captions_or_problems_and_can_be_indexed(tmp_path_factory, entries):
    root = tmp_path_factory.mktemp("coco")
    (root / "c.json").write_text(json.dumps(entries))
    problems = Problems()
    found = mscoco.read_captions(root / "c.json", problems)
    assert sum(map(len, found.values())) + len(problems) == len(entries)
    write_index(root / "i.parquet", mscoco.index(root, scan(root), mscoco.Options(file="c.json", pairs=0)).clips)


def test_a_bare_list_from_an_official_tool(official, read):
    root = official({"mscoco/captions_val2014_fakecap_results.json": "c.json"})
    result = read("mscoco", root, file="c.json", year=2014, pairs=0)
    assert len(result.clips) == 1000 and result.problems == []
