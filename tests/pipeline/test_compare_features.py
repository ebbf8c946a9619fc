"""``python -m pipeline compare-features`` prints the worst clips and writes a table."""

import csv

import h5py
import numpy as np

from cmg.store import StoreSpec, StoreWriter
from pipeline.__main__ import main


def test_a_clip_that_differs_stands_first(tmp_path, capsys):
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
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "5 clips, 49 seconds compared; 0 clips not compared"
    worst = lines[lines.index("least similar clips (mean over seconds; lowest second)") + 1 :]
    assert len(worst) == 2 and "at second 4  row 3 '-clip 3'" in worst[0]
    rows = list(csv.DictReader((tmp_path / "out" / "cosine.csv").read_text().splitlines()))
    assert [row["clip_id"] for row in rows] == ids and rows[0]["second_9"] == "" and rows[1]["second_9"] == "1.00000000"
    assert float(rows[3]["second_4"]) < 0.9
