"""A checkpoint that was unpacked and zipped again: read where it is as it was, otherwise a message that says what
happened."""

import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmg.released import checkpoints as released
from cmg.released.checkpoints import CheckpointError

CONTENT = {"Encoder_parameters": {"w": torch.arange(500.0)}, "epoch": 3}
DEBRIS = ["__MACOSX/released/._data.pkl", "released/.DS_Store", "._released", "released/data/._0"]
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])


@pytest.fixture
def saved(tmp_path):
    torch.save(CONTENT, tmp_path / "released.pt")
    return tmp_path / "released.pt"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_zipped_again(saved, data):
    """Each entry by a method of its own, files of macOS before, between and after."""
    again = saved.with_name("again.pt")
    with zipfile.ZipFile(saved) as archive:
        entries = [(entry.filename, archive.read(entry), data.draw(METHODS)) for entry in archive.infolist()]
    for name in data.draw(st.lists(st.sampled_from(DEBRIS), unique=True)):
        entries.insert(data.draw(st.integers(0, len(entries))), (name, b"\0\5\x16\7", zipfile.ZIP_STORED))
    with zipfile.ZipFile(again, "w") as archive:
        for name, content, method in entries:
            archive.writestr(name, content, method)
    packed, debris = any(method for _, _, method in entries), any(name in DEBRIS for name, _, _ in entries)
    if not packed and not debris:
        assert torch.equal(
            released.read("fcid", again).modules["Encoder_parameters"]["w"], CONTENT["Encoder_parameters"]["w"]
        )
        return
    with pytest.raises(CheckpointError, match=r"again.pt: zipped again with .*zip -0 -r again.pt FOLDER$") as error:
        released.read("fcid", again)
    assert ("compression" in str(error.value), "macOS" in str(error.value)) == (packed, debris)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("extra", [[], ["__MACOSX/._released.pt"], ["README.md"]])
def test_a_zip_around_a_checkpoint(saved, method, extra):
    with zipfile.ZipFile(saved.with_name("around.zip"), "w", method) as archive:
        for name in extra:
            archive.writestr(name, b"")
        archive.write(saved, "models/released.pt")
    with pytest.raises(CheckpointError, match=r"around.zip: a zip with models/released.pt in it: unpack it"):
        released.read("fcid", saved.with_name("around.zip"))
