from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets import vggsound_avel
from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import Event, counts
from cmg.datasets.labels import classes_of
from cmg.datasets.listing import scan
from cmg.datasets.prompts import FOLDER, PromptError, read_prompts
from cmg.datasets.vggsound_avel import resolve_start

CSV = "category,video_id,split\n"
FILES = {
    "vggsound-avel40k.csv": CSV
    + "playing violin,aaaaaaaaaaa,train\npigeon,-bbbbbbbbbb,val\ncattle,ccccccccccc,test\ncattle,ddddddddddd,test\n",
    "vggsound.csv": 'aaaaaaaaaaa,30,"playing violin, fiddle",train\n'
    '-bbbbbbbbbb,10,"pigeon, dove cooing",test\n-bbbbbbbbbb,200,skiing,train\n',
    "video/aaaaaaaaaaa.mp4": b"a",
    "video/-bbbbbbbbbb_000200.mp4": b"b",
    "video/ccccccccccc_000007.mp4": b"c",
}


def test_rows_media_starts_and_captions(make_root, read):
    result = read("vggsound_avel", make_root(FILES))
    assert result.problems == []
    assert [(clip.clip_id, clip.split, clip.status, clip.visual, clip.source_start) for clip in result.clips] == [
        ("aaaaaaaaaaa", "train", "ok", "video/aaaaaaaaaaa.mp4", 30.0),
        ("-bbbbbbbbbb", "val", "ok", "video/-bbbbbbbbbb_000200.mp4", 200.0),
        ("ccccccccccc", "test", "ok", "video/ccccccccccc_000007.mp4", 7.0),
        ("ddddddddddd", "test", "missing", None, None),
    ]
    assert [clip.reason for clip in result.clips[:3]] == ["", "start 200 s chosen from 10;200", ""]
    assert result.clips[1].captions == (read_prompts(FOLDER / "vggsound_avel.csv")["pigeon"],)
    assert result.clips[0].events == (Event("playing violin", 0, 10, "av"),)
    assert all(clip.start == 0 for clip in result.clips)  # media files are already cut


@pytest.mark.parametrize(
    ("listed", "on_disk", "start", "remarked"),
    [
        ((), (), None, False),
        ((5,), (), 5, False),
        ((5, 90), (), 90, True),
        ((5, 90), (5,), 5, True),
        ((5,), (90,), 5, False),
        ((), (5, 90), 90, True),
        ((), (5,), 5, False),
    ],
)
def test_the_larger_timestamp_wins(listed, on_disk, start, remarked):
    found, remark = resolve_start(listed, on_disk)
    assert found == start and bool(remark) == remarked


@pytest.mark.parametrize("form", ["list", "object"])
def test_segment_labels_become_runs(make_root, read, form):
    entries = [
        '"aaaaaaaaaaa": {"playing violin": [0,1,1,0,0,0,0,0,0,1]}',
        '"-bbbbbbbbbb": {"pigeon": [0,0,0,0,0,0,0,0,0,0]}',
        '"ccccccccccc": {"cattle": [1,1]}',
    ]
    text = (
        "[" + ",".join(f"{{{entry}}}" for entry in entries) + "]" if form == "list" else "{" + ",".join(entries) + "}"
    )
    result = read("vggsound_avel", make_root({**FILES, "labels.json": text}), segments="labels.json")
    assert [(event.onset, event.offset) for event in result.clips[0].events] == [(1, 3), (9, 10)]
    assert result.clips[1].events == ()
    assert result.clips[2].events == (Event("cattle", 0, 10, "av"),) and "no segment labels" in result.clips[2].reason
    assert [(problem.file, problem.line, problem.kind) for problem in result.problems] == [
        ("labels.json", 3, "malformed")
    ]


@pytest.mark.parametrize("text", ["", "3", "\xff", "[", '"x"'])
def test_a_file_of_no_segment_labels_is_an_error(make_root, read, text):
    with pytest.raises(DatasetError, match=r"labels\.json"):
        read("vggsound_avel", make_root({**FILES, "labels.json": text.encode("latin-1")}), segments="labels.json")


def test_bad_lines(make_root, read):
    lines = [
        "pigeon,../../x,train",
        "pigeon,eeeeeeeeeee,dev",
        ",fffffffffff,val",
        "pigeon",
        "pigeon,aaaaaaaaaaa,train",
        "cattle,aaaaaaaaaaa,test",
    ]
    files = {**FILES, "vggsound-avel40k.csv": CSV + "\n".join(lines), "vggsound.csv": "aaaaaaaaaaa,x,y,z\nq\n"}
    result = read("vggsound_avel", make_root(files))
    assert [clip.status for clip in result.clips] == ["refused", "malformed", "malformed", "ok"]
    kinds = Counter((problem.file, problem.kind) for problem in result.problems)
    assert kinds == {
        ("vggsound-avel40k.csv", "refused"): 1,
        ("vggsound-avel40k.csv", "malformed"): 3,
        ("vggsound-avel40k.csv", "duplicate"): 1,
        ("vggsound.csv", "malformed"): 2,
    }


def test_options_and_prompts(make_root, read):
    root = make_root(FILES)
    with pytest.raises(DatasetError, match="version '50k' is not one of 40k, 90k"):
        read("vggsound_avel", root, version="50k")
    with pytest.raises(DatasetError, match=r"vggsound-avel90k-new\.csv or vggsound-avel90k\.csv, found"):
        read("vggsound_avel", root, version="90k")
    (root / "mine.csv").write_text("label,prompt\nplaying violin,my own words\n")
    with pytest.raises(PromptError, match=r"mine\.csv: no prompt for the label 'pigeon'"):
        read("vggsound_avel", root, prompts="mine.csv")
    with pytest.raises(DatasetError, match=r"expected the annotation file other\.csv"):
        read("vggsound_avel", root, prompts="other.csv")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=40), max_size=6))
def test_any_lines_are_rows_or_problems(tmp_path_factory, lines):
    root = tmp_path_factory.mktemp("avel")
    (root / "vggsound-avel40k.csv").write_bytes((CSV + "\n".join(f"pigeon,{line}" for line in lines)).encode())
    result = vggsound_avel.index(root, scan(root), vggsound_avel.Options())
    listed = sum(
        problem.kind == "duplicate" or "fields" in problem.reason or "csv line" in problem.reason
        for problem in result.problems
    )
    assert len(result.clips) + listed == len(lines)


@pytest.mark.parametrize(
    ("version", "file", "train", "val", "test", "ambiguous"),
    [
        ("40k", "vggsound-avel40k.csv", 24515, 8171, 8115, 11),
        ("90k", "vggsound-avel90k-new.csv", 53598, 16858, 16867, 16535),
    ],
)
def test_the_official_files(official, read, version, file, train, val, test, ambiguous):
    starts = {"vggsound_avel/avel_video_id_to_vggsound_starts.derived.csv": "vggsound_starts.csv"}
    categories = {"vggsound_avel/VggsoundAVEL40kCategories.txt": "categories.txt"}
    root = official({f"vggsound_avel/{file}": file, **starts, **categories})
    result = read("vggsound_avel", root, version=version)
    assert counts(result.clips) == {("train", "missing"): train, ("val", "missing"): val, ("test", "missing"): test}
    assert result.problems == []
    assert list(classes_of(result.clips)) == (root / "categories.txt").read_text().splitlines()
    assert sum("chosen from" in clip.reason for clip in result.clips) == ambiguous
