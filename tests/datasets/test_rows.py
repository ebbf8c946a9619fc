import pytest

from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import Event
from cmg.datasets.listing import FileChanged, scan
from cmg.datasets.rows import Rows, annotation

ORIGIN = ("list.txt", 3, "the line")


def _rows(make_root) -> Rows:
    return Rows(scan(make_root({"v/a.mp4": b"a", "w/a.wav": b"w"})))


def test_the_first_listed_candidate_is_taken(make_root):
    rows = _rows(make_root)
    clip = rows.add("a", visual=("v/none.mp4", "v/a.mp4"), audio=("w/a.wav",), split="train", origin=ORIGIN)
    assert (clip.status, clip.visual, clip.audio) == ("ok", "v/a.mp4", "w/a.wav")
    assert clip.visual_fingerprint == rows.listing.get("v/a.mp4").fingerprint != clip.audio_fingerprint != ""
    assert rows.result().problems == []


def test_one_missing_file_of_two_makes_the_clip_missing_and_is_named(make_root):
    clip = _rows(make_root).add("a", visual=("v/a.mp4",), audio=("w/b.wav",), split="train", origin=ORIGIN)
    assert (clip.status, clip.visual, clip.audio, clip.reason) == ("missing", "v/a.mp4", None, "no file w/b.wav")


@pytest.mark.parametrize("hostile", ["../x", "/etc/passwd", "a\0b", "a\nb", "a/b"])
def test_hostile_ids_become_refused_rows_with_a_problem(make_root, hostile):
    rows = _rows(make_root)
    clip = rows.add(hostile, visual=(f"v/{hostile}.mp4",), split="train", origin=ORIGIN)
    assert (clip.clip_id, clip.status, clip.visual, clip.row) == (hostile, "refused", None, 0)
    assert [(problem.file, problem.line, problem.kind) for problem in rows.problems] == [("list.txt", 3, "refused")]


def test_a_safe_id_with_a_hostile_path_is_refused(make_root):
    clip = _rows(make_root).add("a", visual=("../a.mp4",), split="train", origin=ORIGIN)
    assert clip.status == "refused" and "folder" in clip.reason


def test_an_annotation_file_is_checked_against_the_listing(make_root):
    root = make_root({"list.txt": "one"})
    listing = scan(root)
    assert annotation(root, listing, "other.txt", "list.txt").name == "list.txt"
    with pytest.raises(
        DatasetError, match=r"expected the annotation file x\.txt, found list\.txt; see docs/datasets\.md"
    ):
        annotation(root, listing, "x.txt")
    (root / "list.txt").write_text("two")
    with pytest.raises(FileChanged, match="scan"):
        annotation(root, listing, "list.txt")


@pytest.mark.parametrize("words", ["a dog\nbarks", "\x00a dog barks", "a dog\x1b[31m barks\u2028"])
def test_control_characters_in_captions_and_labels_are_cleaned_and_counted(make_root, words):
    rows = _rows(make_root)
    made = rows.add(
        "a", split="train", origin=("t.txt", 3, words), captions=[words, "plain"], events=[Event(words, 0.0, 1.0)]
    )
    texts = [made.captions[0], made.events[0].label]
    assert all(text.isprintable() and "dog" in text and "barks" in text and text == text.strip() for text in texts)
    assert [(problem.line, problem.kind) for problem in rows.problems] == [(3, "cleaned")] and made.captions[
        1
    ] == "plain"
    rows.add("b", split="train", origin=("t.txt", 4, ""), captions=[" plain  text "], events=[Event("a dog", 0.0, 1.0)])
    assert len(rows.problems) == 1 and rows.clips[1].captions == (" plain  text ",)
