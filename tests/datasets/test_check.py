from cmg.datasets.check import report

UCF = {
    "ucfTrainTestlist/classInd.txt": "1 Basketball\n",
    "ucfTrainTestlist/trainlist01.txt": "Basketball/v_Basketball_g08_c01.avi 1\nBasketball/v_Basketball_g08_c02.avi 1\n",
    "ucfTrainTestlist/testlist01.txt": "Basketball/v_Basketball_g01_c01.avi\n",
    "UCF-101/Basketball/v_Basketball_g08_c01.avi": b"h",
    "UCF-101/Basketball/v_Basketball_g08_c02.avi": b"h",
    "UCF-101/Basketball/v_Basketball_g01_c01.avi": b"b",
}


def _row(text: str, split: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [split])


def test_a_complete_dataset(make_root):
    text = report("ucf101", make_root(UCF), "raw")
    assert _row(text, "split") == ["split", "ok", "missing", "malformed", "refused", "all"]
    assert _row(text, "train") == ["train", "2", "0", "0", "0", "2"]
    assert _row(text, "test") == ["test", "1", "0", "0", "0", "1"]
    assert "next: nothing" in text


def test_what_is_missing_malformed_refused_spare_and_empty(make_root, tmp_path):
    files = {**UCF, "ucfTrainTestlist/testlist01.txt": "Basketball/v_Basketball_g02_c09.avi\nBasketball/../../x.avi\nnonsense\n"}
    root = make_root({**files, "UCF-101/Basketball/v_Basketball_g08_c02.avi": b""})
    (root / "away").symlink_to(tmp_path)
    text = report("ucf101", root, "raw")
    assert _row(text, "test") == ["test", "0", "1", "1", "1", "3"]
    assert "1 annotation lines malformed in testlist01.txt" in text
    assert "1 media files that no row uses, for example UCF-101/Basketball/v_Basketball_g01_c01.avi" in text
    assert "1 media files of 0 bytes, for example UCF-101/Basketball/v_Basketball_g08_c02.avi" in text
    assert "refused file: away is a link to a folder" in text
    assert "1 media files are absent" in text and "python -m pipeline scan" in text


def test_a_root_without_media_without_lists_and_no_root_at_all(make_root, tmp_path):
    lists = {path: text for path, text in UCF.items() if path.startswith("ucf")}
    assert "no clip can be used: get ucf101 as docs/datasets.md says" in report("ucf101", make_root(lists, "lists"), "raw")
    assert "expected the annotation file ucfTrainTestlist/classInd.txt" in report("ucf101", make_root({"x": ""}, "other"), "raw")
    absent = report("ucf101", tmp_path / "absent", "raw")
    assert "not there" in absent and "CMG_DATA" in absent
    assert "python -m pipeline sample" in report("ucf101", tmp_path / "absent", "sample")
