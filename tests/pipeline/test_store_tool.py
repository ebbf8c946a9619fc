"""``python -m pipeline store``: what is there, what is in it, whether its bytes are right, and out of it again."""

import h5py
import numpy as np
import pytest

from cmg.store import StoreSpec
from cmg.store.writer import StoreWriter

VALUES = np.random.default_rng(0).random((3, 10, 128)).astype("f4")


@pytest.fixture
def made(folder):
    """A project with one sealed store, whose second clip failed."""
    made = folder()
    spec = StoreSpec("ave", "audio", ["-a", "b, c", "d"], ["1", "2", "3"], (10, 128), "float32", {"output": "relu"})
    with StoreWriter(made.path / "data/features/ave/audio.zarr", made.path / "data/.work/ave", spec) as writer:
        for row in (0, 2):
            writer.put(row, VALUES[row], 10)
        writer.fail(1, "no_audio", "the file has no audio stream")
        writer.seal()
    return made


def test_ls_names_every_store_of_the_parameters(made, capsys):
    assert made.run("store ls") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "sealed  data/features/ave/audio.zarr" in lines and "absent  data/features/ave/video.zarr" in lines


@pytest.mark.parametrize("which", ["", " data/features/ave/audio.zarr"])
def test_show_says_what_and_how(made, capsys, which):
    assert made.run(f"store show{which}") == 0
    text = capsys.readouterr().out
    assert "audio of ave, extracted" in text and "3 (2 ok, 1 no_audio)" in text and '"output":"relu"' in text


def test_verify_finds_the_damaged_file(made, capsys):
    assert made.run("store verify") == 0 and "no problems" in capsys.readouterr().out
    shard = made.path / "data/features/ave/audio.zarr/features/c.0.0.0"
    shard.write_bytes(b"\1" + shard.read_bytes()[1:])
    assert made.run("store verify data/features/ave/audio.zarr") == 1
    text = capsys.readouterr().out
    assert "1 problem\n" in text and "features/c.0.0.0: expected SHA-256" in text


@pytest.mark.parametrize("suffix", ["npz", "h5"])
def test_export_writes_features_and_what_became_of_each_clip(made, capsys, suffix):
    assert made.run(f"store export data/features/ave/audio.zarr out/f.{suffix}") == 0
    with (np.load if suffix == "npz" else h5py.File)(made.path / f"out/f.{suffix}") as file:
        np.testing.assert_array_equal(file["features"][:], VALUES * [[[1]], [[0]], [[1]]])
        assert file["valid"][:].tolist() == [10, 0, 10] and file["status"][:].tolist() == [0, 6, 0]
    assert made.run("store export data/features/ave/audio.zarr out/f.csv") == 1
    assert "ends in .npz or .h5" in capsys.readouterr().err
