from collections import Counter

import pytest
from hypothesis import given

from cmg.datasets.annotations import DatasetError
from cmg.datasets.clips import counts
from tests.datasets.lines import IDS, TEXT, accounted, any_lines, carrying, indexed

HEADER = "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\n"
NAMES = ["a b .wav", "x, y #2.v1.wav", "it&#39;s.wav", "-dash.wav"]


def _csv(*names: str) -> str:
    return HEADER + "".join(f'"{name}",one,"two, three",four,five,six\n' for name in names)


FILES = {
    "clotho_captions_development.csv": _csv(NAMES[0], NAMES[1]),
    "clotho_captions_validation.csv": _csv(NAMES[2]),
    "clotho_captions_evaluation.csv": _csv(NAMES[3], NAMES[0]),
    f"development/{NAMES[0]}": b"a",
    f"development/{NAMES[1]}": b"b",
    f"validation/{NAMES[2]}": b"c",
    f"evaluation/{NAMES[3]}": b"d",
}


def test_file_names_are_taken_verbatim(make_root, read):
    result = read("clotho", make_root(FILES))
    assert result.problems == []
    assert [(clip.clip_id, clip.split, clip.status, clip.audio) for clip in result.clips] == [
        (NAMES[0], "train", "ok", f"development/{NAMES[0]}"),
        (NAMES[1], "train", "ok", f"development/{NAMES[1]}"),
        (NAMES[2], "val", "ok", f"validation/{NAMES[2]}"),
        (NAMES[3], "test", "ok", f"evaluation/{NAMES[3]}"),
        (NAMES[0], "test", "missing", None),
    ]
    assert result.clips[0].captions == ("one", "two, three", "four", "five", "six")
    assert {clip.visual for clip in result.clips} == {None}


def test_versions_parts_and_bad_lines(make_root, read):
    bad = _csv("../x.wav", "y.wav", "y.wav") + "z.wav,one,,three,four,five\nshort,line\n"
    root = make_root({"clotho_captions_evaluation.csv": bad, "clotho_captions_development.csv": _csv("y.wav")})
    result = read("clotho", root, version="v1")
    assert [clip.status for clip in result.clips] == ["missing", "refused", "missing", "malformed"]
    assert Counter(problem.kind for problem in result.problems) == {"refused": 1, "duplicate": 1, "malformed": 2}
    assert len(read("clotho", root, parts="evaluation").clips) == 3
    with pytest.raises(DatasetError, match="clotho_captions_validation.csv"):
        read("clotho", root)
    with pytest.raises(DatasetError, match="part 'validation' is not one of development, evaluation"):
        read("clotho", root, version="v1", parts="validation")
    with pytest.raises(DatasetError, match="version 'v3'"):
        read("clotho", root, version="v3")


@given(any_lines(IDS, *[TEXT] * 5))
def test_any_lines_are_rows_or_problems(tmp_path_factory, lines):
    files = {"clotho_captions_evaluation.csv": HEADER + "\n".join(lines)}
    assert accounted(indexed(tmp_path_factory.mktemp("clotho"), "clotho", files, parts="evaluation")) == carrying(lines)


def test_the_official_validation_part(official, read):
    root = official({"clotho/val.csv": "clotho_captions_validation.csv"})
    result = read("clotho", root, parts="validation")
    assert counts(result.clips) == {("val", "missing"): 1045}
    assert result.problems == []
    names = [clip.clip_id for clip in result.clips]
    assert all(name.endswith(".wav") for name in names) and len(set(names)) == 1045
    assert 0.5 < sum(" " in name for name in names) / 1045 < 0.7
    assert any("#" in name or "," in name for name in names) and any(name.count(".") > 1 for name in names)


def test_the_official_evaluation_part(official, read):
    root = official({"clotho/test.csv": "clotho_captions_evaluation.csv"})
    result = read("clotho", root, parts="evaluation")
    assert counts(result.clips) == {("test", "missing"): 1045} and result.problems == []
