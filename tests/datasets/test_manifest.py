"""Manifests of own files: clips, events, captions, splits given or drawn, and whatever a line may hold."""

import math
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import Event, read_index, write_index
from cmg.datasets.listing import scan
from cmg.datasets.manifest import COLUMNS
from cmg.datasets.readers import index_dataset
from cmg.media.window import Window, span
from tests.datasets.lines import accounted


def indexed(root, text, files=(), **options):
    root.mkdir(parents=True, exist_ok=True)
    (root / "clips.csv").write_text(text)
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return index_dataset("mine", root, scan(root), {"manifest": "clips.csv", **options}, "csv")


def test_a_line_per_clip(tmp_path):
    text = (
        "path,label,caption,split\n"
        "a/dog.mp4,dog,A dog  barks.,train\n"
        "bell.wav,bell,,test\n"
        "cat.png,cat,A cat.,val\n"
        "gone.mp4,dog,,train\n"
    )
    result = indexed(tmp_path, text, ["a/dog.mp4", "bell.wav", "cat.png"])
    dog, bell, cat, gone = result.clips
    assert (dog.clip_id, dog.visual, dog.audio, dog.split, dog.captions) == (
        "a_dog.mp4",
        "a/dog.mp4",
        "a/dog.mp4",
        "train",
        ("A dog barks.",),
    )
    assert (
        dog.events == (Event("dog", 0.0, math.inf, "av"),)
        and dog.duration is None
        and dog.visual_fingerprint
        and not dog.reason
    )
    assert (bell.visual, bell.audio, cat.visual, cat.audio) == (None, "bell.wav", "cat.png", None)
    assert gone.status == "missing" and result.problems == []
    write_index(tmp_path / "i.parquet", result.clips)
    assert read_index(tmp_path / "i.parquet") == result.clips


def test_lines_of_one_clip_are_its_events_and_captions(tmp_path):
    text = (
        "path,clip_id,start,duration,label,onset,offset,caption,split\n"
        "f.mp4,one,5,10,dog,0,2,first,train\nf.mp4,one,5,10,cat,1.5,,second,train\nf.mp4,one,5,10,dog,0,2,first,train\n"
        "f.mp4,two,20,10,,,,,train\n"
        "g.mp4,one,5,10,cat,3,4,,train\nf.mp4,two,20,10,dog,4,4,,train\nf.mp4,two,20,10,,1,2,,train\nf.mp4,two,20,10,dog,x,2,,train\n"
    )
    result = indexed(tmp_path, text, ["f.mp4", "g.mp4"])
    one, two = result.clips
    assert one.events == (Event("dog", 0.0, 2.0), Event("cat", 1.5, math.inf)) and one.captions == ("first", "second")
    assert (one.start, one.duration, two.start, two.events) == (5.0, 10.0, 20.0, ())
    assert [problem.line for problem in result.problems] == [6, 7, 8, 9] and {
        problem.kind for problem in result.problems
    } == {"malformed"}


def test_without_clip_ids_a_clip_is_a_path_and_a_time(tmp_path):
    result = indexed(
        tmp_path, "path,start,duration,label\nf.mp4,0,10,dog\nf.mp4,10,10,dog\nf.mp4,0,10,cat\n", ["f.mp4"]
    )
    assert [(clip.clip_id, len(clip.events)) for clip in result.clips] == [("f.mp4_0", 2), ("f.mp4_10", 1)]


def test_splits_are_drawn_per_label_by_file_and_recorded(tmp_path):
    names = [f"{label}/{n}.mp4" for label in "abc" for n in range(10)]
    text = "path,start,label\n" + "".join(f"{name},{start},{name[0]}\n" for name in names for start in (0, 5))
    clips = indexed(tmp_path, text, names).clips
    counts = Counter((clip.events[0].label, clip.split) for clip in clips)
    assert counts == {(label, split): n for label in "abc" for split, n in (("train", 14), ("val", 2), ("test", 4))}
    by_file = defaultdict(set)
    for clip in clips:
        by_file[clip.visual].add(clip.split)
    assert all(len(splits) == 1 for splits in by_file.values())
    assert all(clip.reason == "split drawn, seed 2025" for clip in clips)
    shuffled = "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])]) + "\n"
    again = {clip.clip_id: clip.split for clip in indexed(tmp_path / "again", shuffled, names).clips}
    assert again == {clip.clip_id: clip.split for clip in clips}, "the order of lines does not matter"
    other = {clip.clip_id: clip.split for clip in indexed(tmp_path / "other", text, names, seed=1).clips}
    assert other != again
    few = indexed(tmp_path / "few", "path,label\nx.mp4,a\ny.mp4,a\nz.mp4,a\n", ["x.mp4", "y.mp4", "z.mp4"]).clips
    assert sorted(clip.split for clip in few) == ["test", "train", "val"], (
        "every split has a clip where there are three"
    )


def test_what_a_spreadsheet_writes_is_read(tmp_path):
    text = (
        '\ufeff"path","clip_id","label","caption"\r\n'
        '"a.mp4","1","dog","A dog,\r\nthen ""two""."\r\n'
        '"b.mp4","2","12"" disc","x"\r\n'
    )
    result = indexed(tmp_path, text, ["a.mp4", "b.mp4"])
    one, two = result.clips
    assert (one.captions, two.events[0].label, result.problems) == (('A dog, then "two".',), '12" disc', [])


def test_a_quote_that_is_not_closed_costs_its_own_line(tmp_path):
    text = 'path,label,caption\na.mp4,dog,"never closed\nb.mp4,12" disc,fine\nc.mp4,12" disc,fine\n'
    result = indexed(tmp_path, text, ["a.mp4", "b.mp4", "c.mp4"])
    assert [clip.visual for clip in result.clips] == ["b.mp4", "c.mp4"]
    assert [(problem.line, problem.kind) for problem in result.problems] == [(2, "malformed")]


def test_the_part_of_a_file_that_begins_with_it_is_that_part(tmp_path):
    """The seconds are given, so a file that is longer leaves no doubt, as it does where annotations know of no file."""
    clips = indexed(tmp_path, "path,start,duration\nf.mp4,0,5\nf.mp4,,5\nf.mp4,20,5\nf.mp4,,\n", ["f.mp4"]).clips
    parts = [span(Window(clip.start, clip.duration, source_start=clip.source_start), 60.0) for clip in clips]
    assert [(part.start, part.end) for part in parts] == [(0, 5), (0, 5), (20, 25), (0, 10)]


def test_times_that_no_clip_has(tmp_path):
    text = "path,duration,label,onset,offset\na.mp4,5,dog,5,9\na.mp4,5,cat,4,9\nb.mp4,0,dog,,\n"
    result = indexed(tmp_path, text, ["a.mp4", "b.mp4"])
    assert [(clip.status, [event.label for event in clip.events]) for clip in result.clips][0] == ("ok", ["cat"])
    assert (result.clips[1].status, result.clips[1].reason) == ("malformed", "duration is 0")
    assert "onset 5 is behind the clip, which lasts 5 seconds" in [problem.reason for problem in result.problems]


def test_some_splits_are_not_completed_by_a_draw(tmp_path):
    result = indexed(tmp_path, "path,split\nx.mp4,train\ny.mp4,\nz.mp4,dev\n", ["x.mp4", "y.mp4", "z.mp4"])
    assert [clip.status for clip in result.clips] == ["ok", "malformed", "malformed"]


def test_sentences_may_be_labels(tmp_path):
    clips = indexed(tmp_path, "path,label,caption\nx.mp4,dog_barking,Words.\n", ["x.mp4"], sentences="labels").clips
    assert clips[0].captions == ("dog barking",)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("path,lable\n", {}, r"unknown: 'lable' \(did you mean 'label'\?\)"),
        ("label\n", {}, "expected a header with path"),
        ("", {}, "expected a header with path"),
        ("path,path\n", {}, "expected a header with path"),
        ("path\n", {"manifest": ""}, "needs `manifest:`"),
        ("path\n", {"manifest": "other.csv"}, "expected the annotation file other.csv"),
        ("path\n", {"test": 0.8, "val": 0.3}, "shares whose sum is below 1"),
        ("path\n", {"sentences": "words"}, "expected captions or labels, found 'words'"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, text, options, message):
    with pytest.raises(DatasetError, match=message):
        indexed(tmp_path, text, **options)


def test_paths_stay_below_the_root(tmp_path):
    result = indexed(tmp_path / "r", "path\n../secret.mp4\n/etc/passwd\na\\b.mp4\n")
    assert [clip.status for clip in result.clips] == ["refused"] * 3


FIELD = st.one_of(
    st.sampled_from(["", "a.mp4", "b.wav", "0", "1.5", "-1", "nan", "train", "test", "../x", '"', "dog"]),
    st.text(max_size=8),
)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(COLUMNS[1:]), unique=True), st.lists(st.lists(FIELD, min_size=1, max_size=10), max_size=8)
)
def test_any_lines_are_rows_or_problems(tmp_path_factory, columns, lines):
    text = "\n".join([",".join(["path", *columns]), *(",".join(line) for line in lines)])
    root = tmp_path_factory.mktemp("csv")
    (root / "clips.csv").write_bytes(text.encode("utf-8", "surrogatepass"))
    (root / "a.mp4").write_bytes(b"a")
    result = index_dataset("mine", root, scan(root), {"manifest": "clips.csv"}, "csv")
    assert [clip.row for clip in result.clips] == list(range(len(result.clips)))
    assert all(clip.split in ("train", "val", "test") for clip in result.clips if clip.status == "ok")
    write_index(root / "i.parquet", result.clips)
    assert accounted(result) >= 0
