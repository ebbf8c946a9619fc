"""``python -m pipeline compare-features`` prints the worst clips and writes a table."""

import csv

import h5py
import numpy as np
import pytest

from cmg.store import StoreSpec
from cmg.store.writer import StoreWriter
from pipeline.__main__ import main


def sound_of_ave(folder, values):
    """An AVE sound store and the h5 file of the same values."""
    spec = StoreSpec(
        "ave", "audio", [str(row) for row in range(len(values))], [""] * len(values), values.shape[1:], "float32", {}
    )
    with StoreWriter(folder / "audio.zarr", folder / "work", spec) as writer:
        for row in writer.todo:
            writer.put(row, values[row], 10)
        writer.seal()
    with h5py.File(folder / "audio_feature.h5", "w") as file:
        file["avadataset"] = values.astype("f8")
    return ["compare-features", str(folder / "audio.zarr"), str(folder / "audio_feature.h5")]


@pytest.mark.parametrize(("scale", "status"), [(1.0, 0), (255.0, 1)])
def test_sound_features_of_ave_are_held_against_the_known_numbers(tmp_path, capsys, monkeypatch, scale, status):
    """Values with the known share of zeros, mean and deviation; then the same as 8-bit levels would be."""
    monkeypatch.setenv("CMG_WEIGHTS", str(tmp_path))
    draws = np.random.default_rng(0)
    values = np.where(draws.random((200, 10, 128)) < 0.653, 0, draws.gamma(1.31, 0.269, (200, 10, 128)))
    assert main(sound_of_ave(tmp_path, (scale * values).astype("f4"))) == status
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("sine test: not made") and "vggish-10086976.pth not found" in line for line in lines)
    found = [line for line in lines if line.startswith("AVE sound, theirs")]
    assert len(found) == 4 and sum("NOT as known" in line for line in found) == (2 if status else 0)


def test_a_clip_that_differs_stands_first(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CMG_WEIGHTS", str(tmp_path))
    values = np.random.default_rng(0).random((5, 10, 128)).astype("f4")
    ids = [f"-clip {row}" for row in range(5)]
    spec = StoreSpec("ave", "audio", ids, [""] * 5, (10, 128), "float32", {})
    with StoreWriter(tmp_path / "audio.zarr", tmp_path / "work", spec) as writer:
        for row in range(5):
            writer.put(row, values[row], 10 if row else 9)
        writer.seal()
    values[3, 4] = np.roll(values[3, 4], 1)
    with h5py.File(tmp_path / "audio_feature.h5", "w") as file:
        file["avadataset"] = values.astype("f8")
    command = ["compare-features", str(tmp_path / "audio.zarr"), str(tmp_path / "audio_feature.h5")]
    assert main([*command, "--csv", str(tmp_path / "out" / "cosine.csv"), "--worst", "2"]) == 0
    said = capsys.readouterr().out.splitlines()
    lines = [line for line in said if not line.startswith("warning: ")]
    assert "warning: theirs: ave audio: mean square 0.332, expected 0.071 to 0.096 (docs/features.md)" in said
    assert lines[0] == "5 clips, 49 seconds compared; 0 clips not compared"
    worst = lines[lines.index("least similar clips (mean over seconds; lowest second)") + 1 :]
    assert worst[2].startswith("sine test: not made") and "at second 4  row 3 '-clip 3'" in worst[0]
    rows = list(csv.DictReader((tmp_path / "out" / "cosine.csv").read_text().splitlines()))
    assert [row["clip_id"] for row in rows] == ids and rows[0]["second_9"] == "" and rows[1]["second_9"] == "1.00000000"
    assert float(rows[3]["second_4"]) < 0.9
