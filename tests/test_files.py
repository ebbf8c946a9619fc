"""Files that are whole or not there, and what a killed process leaves."""

import errno
import os
from fnmatch import fnmatch
from pathlib import Path

import pytest

from cmg.files import TEMPORARY, file_digest, replacing, write_bytes


def test_a_written_file_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    write_bytes(tmp_path / "deep/x", b"new")
    assert (tmp_path / "deep/x").read_bytes() == b"new" and flushed == [(tmp_path / "deep/x").stat().st_ino]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["x"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_error_keeps_the_old_file_and_leaves_nothing(tmp_path, monkeypatch, step):
    def full_disk(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    write_bytes(tmp_path / "x", b"old")
    monkeypatch.setattr(os, step, full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_an_error_with_words_alone_keeps_them_and_one_with_a_number_alone_gets_the_file(tmp_path):
    cases = (
        (OSError("cannot be resampled"), "^cannot be resampled$"),
        (OSError(errno.EIO, "broken"), f"broken.*{tmp_path}/x"),
    )
    for error, words in cases:
        with pytest.raises(OSError, match=words), replacing(tmp_path / "x"):
            raise error


def test_what_a_killed_process_with_the_same_number_left_is_not_continued(tmp_path):
    (tmp_path / f".x.{os.getpid()}.tmp").write_bytes(b"half of ")
    with replacing(tmp_path / "x") as temporary, temporary.open("ab") as handle:
        handle.write(b"new")
    assert (tmp_path / "x").read_bytes() == b"new"


def test_a_temporary_may_lie_in_another_folder(tmp_path):
    (tmp_path / "work").mkdir()
    with replacing(tmp_path / "x", tmp_path / "work") as temporary:
        temporary.write_bytes(b"1")
        assert temporary.parent == tmp_path / "work"
    assert file_digest(tmp_path / "x") == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"


def test_neither_dvc_nor_git_takes_a_temporary_for_content(tmp_path):
    with replacing(tmp_path / "table1.csv") as temporary:
        temporary.touch()
        assert fnmatch(temporary.name, TEMPORARY)
    for ignoring in (".dvcignore", ".gitignore"):
        assert TEMPORARY in Path(ignoring).read_text().split()


def test_no_other_module_has_temporaries_or_digests_of_its_own():
    texts = {file.as_posix(): file.read_text() for room in ("cmg", "pipeline") for file in Path(room).rglob("*.py")}
    assert [
        name
        for name, text in texts.items()
        if any(word in text for word in ('.tmp"', "mkstemp", "hashlib.file_digest"))
    ] == ["cmg/files.py"]
