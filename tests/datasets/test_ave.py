from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets import ave
from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import counts
from cmg.datasets.labels import ave_targets, classes_of
from cmg.datasets.listing import scan
from cmg.datasets.names import AVE_CLASSES

LINES = [
    "Church bell&aaaaaaaaaaa&good&0&10",
    "Violin, fiddle&-bbbbbbbbbb&good&2&5",
    "Bark&aaaaaaaaaaa&good&3&4",
    "Church bell&ccccccccccc&good&0&0",
]
FILES = {
    "Annotations.txt": "\n".join([ave.HEADER, *LINES]) + "\n",
    "trainSet.txt": LINES[2] + "\n" + LINES[1] + "\n",
    "valSet.txt": LINES[3] + "\n",
    "testSet.txt": LINES[0],
    "AVE/aaaaaaaaaaa.mp4": b"a",
    "AVE/-bbbbbbbbbb.mp4": b"b",
}


def test_rows_follow_annotations_and_splits_follow_set_lines(make_root, read):
    result = read("ave", make_root(FILES))
    assert [(clip.row, clip.clip_id, clip.split, clip.status) for clip in result.clips] == [
        (0, "aaaaaaaaaaa", "test", "ok"),
        (1, "-bbbbbbbbbb", "train", "ok"),
        (2, "aaaaaaaaaaa", "train", "ok"),
        (3, "ccccccccccc", "val", "missing"),
    ]
    violin = result.clips[1]
    assert violin.visual == violin.audio == "AVE/-bbbbbbbbbb.mp4"
    assert violin.visual_fingerprint == scan(make_root(FILES)).get("AVE/-bbbbbbbbbb.mp4").fingerprint
    assert [(event.label, event.onset, event.offset, event.modality) for event in violin.events] == [
        ("Violin, fiddle", 2, 5, "av")
    ]


def test_an_empty_event_is_a_problem_and_leaves_background(make_root, read):
    result = read("ave", make_root(FILES))
    assert [(problem.file, problem.line, problem.kind) for problem in result.problems] == [
        ("Annotations.txt", 5, "zero_length")
    ]
    assert result.clips[3].events == ()
    assert set(ave_targets(result.clips[3])) == {28}


def test_with_and_without_header_are_the_same_rows(make_root, read):
    with_header = read("ave", make_root(FILES))
    without = read("ave", make_root({**FILES, "Annotations.txt": "\n".join(LINES)}, "bare"))
    assert with_header.clips == without.clips


def test_bad_lines_keep_their_row_and_are_listed(make_root, read):
    bad = [
        "only&three&fields",
        "&ddddddddddd&good&0&1",
        "Cat&eeeeeeeeeee&good&zero&1",
        "Cat&fffffffffff&good&0&11",
        "Cat&../../x&good&0&1",
    ]
    lines = [bad[0], LINES[0], *bad[1:], "Cat&ggggggggggg&good&8&2", "Dog&hhhhhhhhhhh&good&0&5"]
    sets = {
        "trainSet.txt": "\n".join(lines[:-1]),
        "valSet.txt": LINES[0] + "\nBark&gone&good&0&10\n",
        "testSet.txt": "",
    }
    result = read("ave", make_root({**FILES, **sets, "Annotations.txt": "\n".join(lines)}))
    assert [clip.status for clip in result.clips] == [
        "malformed",
        "ok",
        "malformed",
        "malformed",
        "malformed",
        "refused",
        "missing",
        "malformed",
    ]
    assert [clip.row for clip in result.clips] == list(range(8))
    kinds = Counter((problem.file, problem.kind) for problem in result.problems)
    assert kinds == {
        ("Annotations.txt", "malformed"): 5,
        ("Annotations.txt", "refused"): 1,
        ("Annotations.txt", "inverted"): 1,
        ("valSet.txt", "duplicate"): 1,
        ("valSet.txt", "orphan"): 1,
    }
    assert "in none of" in result.clips[7].reason


def test_a_missing_set_file_says_what_is_there(make_root, read):
    files = {path: text for path, text in FILES.items() if path != "valSet.txt"}
    with pytest.raises(DatasetError, match=r"expected the annotation file valSet\.txt, found AVE, Annotations\.txt"):
        read("ave", make_root(files))


@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"&")), max_size=6))
def test_any_annotation_bytes_are_rows_or_problems(tmp_path_factory, raw):
    root = tmp_path_factory.mktemp("ave")
    for name in ("Annotations.txt", "trainSet.txt", "valSet.txt", "testSet.txt"):
        (root / name).write_bytes(b"\n".join(raw) if name == "Annotations.txt" else b"")
    result = ave.index(root, scan(root), ave.Options())
    lines = [
        line for line in b"\n".join(raw).removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.removesuffix(b"\r").strip()
    ]
    undecodable = [problem for problem in result.problems if problem.reason.startswith("not UTF-8")]
    assert len(result.clips) + len(undecodable) == len(lines)
    assert {clip.status for clip in result.clips} <= {"malformed", "refused"}


@pytest.mark.parametrize("name", ["Annotations.txt", "Annotations.noheader.upstream.txt"])
def test_the_official_files(official, read, name):
    sets = {f"ave/{split}Set.reconstructed.txt": f"{split}Set.txt" for split in ("train", "val", "test")}
    result = read("ave", official({f"ave/{name}": "Annotations.txt", **sets}))
    clips = result.clips
    assert counts(clips) == {("train", "missing"): 3339, ("val", "missing"): 402, ("test", "missing"): 402}
    assert [problem.text for problem in result.problems] == ["Church bell&VWi2ENBuTbw&good&0&0"]
    assert classes_of(clips) == AVE_CLASSES
    splits: dict[str, set[str]] = {}
    for clip in clips:
        splits.setdefault(clip.clip_id, set()).add(clip.split)
    assert len(splits) == 4097
    assert sum({"train", "val"} <= found for found in splits.values()) == 10
    assert sum({"train", "test"} <= found for found in splits.values()) == 8
    repeated = Counter(clip.clip_id for clip in clips)
    assert Counter(repeated.values()) == {1: 4097 - 45, 2: 44, 3: 1} and repeated["0f_iTO5t3hU"] == 3
    assert sum(clip.clip_id.startswith("-") for clip in clips) == 1030
    assert (
        sum(clip.events[:1] != () and (clip.events[0].onset, clip.events[0].offset) == (0, 10) for clip in clips)
        == 2750
    )


def test_split_rows_equal_the_official_order_files(official, read):
    sets = {f"ave/{split}Set.reconstructed.txt": f"{split}Set.txt" for split in ("train", "val", "test")}
    orders = {f"ave/{split}_order.txt": f"{split}_order.txt" for split in ("val", "test")}
    root = official({"ave/Annotations.txt": "Annotations.txt", **sets, **orders})
    clips = read("ave", root).clips
    for split in ("val", "test"):
        order = sorted(map(int, (root / f"{split}_order.txt").read_text().split()))
        assert [clip.row for clip in clips if clip.split == split] == order
