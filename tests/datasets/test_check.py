from cmg.datasets.check import look
from cmg.datasets.listing import scan

UCF = {
    "ucfTrainTestlist/classInd.txt": "1 Basketball\n",
    "ucfTrainTestlist/trainlist01.txt": "Basketball/v_Basketball_g08_c01.avi 1\n"
    "Basketball/v_Basketball_g08_c02.avi 1\n",
    "ucfTrainTestlist/testlist01.txt": "Basketball/v_Basketball_g01_c01.avi\n",
    "UCF-101/Basketball/v_Basketball_g08_c01.avi": b"h",
    "UCF-101/Basketball/v_Basketball_g08_c02.avi": b"h",
    "UCF-101/Basketball/v_Basketball_g01_c01.avi": b"b",
}


def report(name, root, source, options=None):
    """The text for files that have been listed as they are."""
    return look(name, root, source, options, scan(root, content=False) if root.is_dir() else None).text


def _row(text: str, split: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [split])


def test_a_complete_dataset(make_root):
    text = report("ucf101", make_root(UCF), "raw")
    assert _row(text, "split") == ["split", "ok", "missing", "malformed", "refused", "all"]
    assert _row(text, "train") == ["train", "2", "0", "0", "0", "2"]
    assert _row(text, "test") == ["test", "1", "0", "0", "0", "1"]
    assert "next: nothing" in text


def test_what_is_missing_malformed_refused_spare_and_empty(make_root, tmp_path):
    files = {
        **UCF,
        "ucfTrainTestlist/testlist01.txt": "Basketball/v_Basketball_g02_c09.avi\nBasketball/../../x.avi\nnonsense\n",
    }
    root = make_root({**files, "UCF-101/Basketball/v_Basketball_g08_c02.avi": b""})
    (root / "away").symlink_to(tmp_path)
    text = report("ucf101", root, "raw")
    assert _row(text, "test") == ["test", "0", "1", "1", "1", "3"]
    assert "1 annotation lines malformed in testlist01.txt" in text
    assert "1 media files that no row uses, for example UCF-101/Basketball/v_Basketball_g01_c01.avi" in text
    assert "1 media files of 0 bytes, for example UCF-101/Basketball/v_Basketball_g08_c02.avi" in text
    assert "refused file: away is a link to a folder" in text
    assert "media files of 1 clips are absent" in text and "`python -m pipeline index ucf101` lists all" in text


def test_a_root_without_media_without_lists_and_no_root_at_all(make_root, tmp_path):
    lists = {path: text for path, text in UCF.items() if path.startswith("ucf")}
    assert "no clip can be used: get the dataset as docs/datasets.md says" in report(
        "ucf101", make_root(lists, "lists"), "raw"
    )
    assert "expected the annotation file ucfTrainTestlist/classInd.txt" in report(
        "ucf101", make_root({"x": ""}, "other"), "raw"
    )
    absent = report("ucf101", tmp_path / "absent", "raw")
    assert "not there" in absent and "CMG_DATA" in absent
    assert "`python -m pipeline sample ucf101`" in report("ucf101", tmp_path / "absent", "sample")


def test_what_has_not_been_listed_stops_a_run_and_what_has_changed_since_is_counted(make_root):
    root = make_root(UCF)
    never = look("ucf101", root, "raw")
    assert never.stops and "have not been listed: `python -m pipeline scan ucf101`" in never.text
    listed = scan(root, content=False)
    assert not look("ucf101", root, "raw", listed=listed).stops
    (root / "UCF-101/Basketball/v_Basketball_g08_c01.avi").write_bytes(b"longer")
    (root / "UCF-101/Basketball/v_Basketball_g08_c02.avi").unlink()
    (root / "new.txt").write_text("x")
    changed = look("ucf101", root, "raw", listed=listed)
    assert (
        "files differ from their listing (1 new, 1 gone, 1 of another size): `python -m pipeline scan ucf101`"
        in changed.text
    )
    assert not changed.stops, "a run goes on with what was listed"


def test_released_features_are_counted_per_modality(tmp_path):
    """AVE's h5 files hold every row; without one of them that modality is absent, and clips can still be used."""
    rows = [f"Church bell&{name * 11}&good&0&5" for name in "abc"]
    for name, text in {
        "Annotations.txt": ["Category&VideoID&Quality&StartTime&EndTime", *rows],
        "trainSet.txt": rows[:2],
    }.items():
        (tmp_path / name).write_text("\n".join(text) + "\n")
    for name, text in {"valSet.txt": rows[2:], "testSet.txt": []}.items():
        (tmp_path / name).write_text("\n".join(text) + "\n")
    (tmp_path / "audio_feature.h5").write_bytes(b"h")
    text = report("ave", tmp_path, "released")
    assert _row(text, "split") == ["split", "video", "audio", "neither", "not", "usable", "all"]
    assert _row(text, "train") == ["train", "0", "2", "0", "0", "2"] and "no clip can be used" not in text
    (tmp_path / "visual_feature.h5").write_bytes(b"h")
    assert _row(report("ave", tmp_path, "released"), "train") == ["train", "2", "2", "0", "0", "2"]
    (tmp_path / "audio_feature.h5").unlink(), (tmp_path / "visual_feature.h5").unlink()
    text = report("ave", tmp_path, "released")
    assert (
        _row(text, "val") == ["val", "0", "0", "1", "0", "1"]
        and "no clip can be used: get the released features" in text
    )


def test_an_option_that_does_not_exist_is_said(make_root):
    found = look("ucf101", make_root(UCF), "raw", {"lists": 1})
    assert found.stops and "unknown option 'lists'" in found.text
