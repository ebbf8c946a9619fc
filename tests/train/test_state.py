"""Unfinished training: what is left of a killed run, and a file that cannot be read."""

import errno

import pytest
import torch

from cmg.train import state


@pytest.mark.parametrize("content", [b"", b"half of a file", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, content):
    path = tmp_path / "fcid-0.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"fcid-0\.pt: unfinished training cannot be read .* delete the file"):
        state.resume(path, "key", None, {})


def test_a_saved_state_takes_away_what_killed_processes_left(tiny, tmp_path):
    other = tmp_path / ".fcid-0.pts.4711.tmp"
    for left in (".fcid-0.pt.4711.tmp", ".fcid-0.pt.4712.tmp", other.name):
        (tmp_path / left).write_bytes(b"half of a state")
    state.save(tmp_path / "fcid-0.pt", "key", tiny, {}, state.Progress(step=3))
    assert {path.name for path in tmp_path.iterdir()} == {"fcid-0.pt", other.name}
    assert state.resume(tmp_path / "fcid-0.pt", "key", tiny, {}).step == 3


def test_a_full_disk_keeps_the_last_state_and_leaves_nothing_else(tiny, tmp_path, monkeypatch):
    def full_disk(values, file):
        file.write(b"half of a state")
        raise OSError(errno.ENOSPC, "No space left on device")

    state.save(tmp_path / "fcid-0.pt", "key", tiny, {}, state.Progress(step=3))
    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        state.save(tmp_path / "fcid-0.pt", "key", tiny, {}, state.Progress(step=4))
    assert [path.name for path in tmp_path.iterdir()] == ["fcid-0.pt"]
    assert state.resume(tmp_path / "fcid-0.pt", "key", tiny, {}).step == 3
