"""Unfinished training: what is left of a killed run, and a file that cannot be read."""

import errno
import random

import pytest
import torch

from cmg.train import state


def test_a_damaged_file_is_moved_aside_and_named_and_training_begins_anew(tiny, tmp_path, caplog):
    """Whatever is wrong with it: cut anywhere, bytes changed, of another form."""
    path, draws = tmp_path / "fcid-0.pt", random.Random(0)
    state.save(path, "key", tiny, {}, state.Progress(step=3))
    whole = path.read_bytes()
    cut = [whole[: draws.randrange(len(whole))] for _ in range(20)]
    torch.save([1, 2], path)
    for content in [b"", b"half of a file", b"PK\x03\x04 cut off", path.read_bytes(), *cut]:
        caplog.clear()
        path.write_bytes(content)
        assert state.resume(path, "key", None, {}).step == 0
        assert "fcid-0.pt: unfinished training cannot be read" in caplog.text
        assert not path.exists() and (tmp_path / "fcid-0.pt.damaged").read_bytes() == content


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
