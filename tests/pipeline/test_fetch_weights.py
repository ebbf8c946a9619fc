"""`fetch-weights` puts a checked file where the extractor looks, and says what is wrong otherwise."""

import hashlib

import pytest

from cmg.extract import weights


@pytest.fixture
def offered(folder, tmp_path, monkeypatch):
    """A folder, and the file at the place where `caffe` comes from."""
    made, source = folder(), tmp_path / "source.pth"
    source.write_bytes(b"weights")
    pinned = hashlib.sha256(b"weights").hexdigest()[:8]
    monkeypatch.setitem(
        weights.KNOWN, "caffe", weights.WeightsFile("net.pth", pinned, source.as_uri(), "a small network")
    )
    monkeypatch.setenv("CMG_WEIGHTS", str(made.path / "w"))
    return made, source


def test_a_file_with_the_right_checksum_is_kept(offered, capsys):
    made, source = offered
    assert made.run("fetch-weights caffe") == 0
    assert (made.path / "w/net.pth").read_bytes() == b"weights" and "as expected" in capsys.readouterr().out


def test_another_file_and_an_unknown_name_are_refused(offered, capsys):
    made, source = offered
    source.write_bytes(b"others")
    assert made.run("fetch-weights caffe") == 1 and "expected a sha256 that begins with" in capsys.readouterr().err
    assert list((made.path / "w").iterdir()) == []
    with pytest.raises(SystemExit):
        made.run("fetch-weights bert-base-uncased")
