"""Remarks from the decoder to the csv beside the store: the same bytes whole, in parts and reused; counted where people
look."""

import csv
import json
from pathlib import PurePosixPath

import pytest

from cmg.media.remark import Remark
from cmg.media.source import Decoded
from cmg.media.video import VideoTask, decode_video
from cmg.store import FeatureStore

COUNTS = {
    "celeba_hq": {"train": 5, "val": 0, "test": 2},
    "seed": 1,
    "width": 48,
    "height": 32,
    "fps": 2,
    "defects": False,
}
CSV = "data/features/celeba_hq/pixels.remarks.csv"


def decode(task: VideoTask) -> Decoded:
    """As the real decoder, with remarks on every third picture."""
    clip, number = decode_video(task), int(PurePosixPath(task.source.path).stem)
    found = (Remark("rotated", f'turned, "{number}"'), Remark("range_scaled", "16 bits")) if number % 3 == 0 else ()
    return Decoded(clip.array, clip.valid, clip.rate, found)


@pytest.fixture
def remarked(folder, monkeypatch):
    """remarked(name): a folder with the index of seven pictures, whose decoder has remarks; two clips per shard."""

    def make(name):
        made = folder(name)
        made.set("scales.mini.corpus", COUNTS)
        made.set("datasets.celeba_hq", {"source": "sample", "count": 7, "held_out": 2})
        made.set("features.clips_per_shard", 2)
        for command in ("sample celeba_hq", "scan celeba_hq --source sample", "index celeba_hq"):
            assert made.run(command) == 0
        return made

    monkeypatch.setattr("cmg.extract.pixels.decode", decode)
    return make


def test_the_same_bytes_whole_in_parts_and_reused(remarked, capsys):
    whole = remarked("whole")
    assert whole.run("features celeba_hq pixels") == 0
    assert capsys.readouterr().out.rstrip().endswith("0 failed; remarks: 3 range_scaled, 3 rotated")
    with open(CSV, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["clip_id"], row["split"], row["kind"]) for row in rows] == [
        (str(row), str(row), "test" if row > 4 else "train", kind)
        for row in (0, 3, 6)
        for kind in ("rotated", "range_scaled")
    ]
    assert rows[2]["text"] == 'turned, "3"'
    assert json.loads((whole.path / "logs/features/celeba_hq-pixels.json").read_text())["remarks"] == {
        "rotated": 3,
        "range_scaled": 3,
    }
    once = whole.files("data/features", "receipts/features")
    assert CSV in once and CSV not in once["receipts/features/celeba_hq-pixels.json"].decode()
    assert whole.run("features celeba_hq pixels") == 0
    assert (
        "0 computed, 7 reused" in capsys.readouterr().out and whole.files("data/features", "receipts/features") == once
    )
    assert whole.run("check celeba_hq") == 0
    assert f"  remarks on pixels features: 3 range_scaled, 3 rotated ({CSV})\n" in capsys.readouterr().out

    parts = remarked("parts")
    for part in ("2/3", "1/3"):
        assert parts.run(f"features celeba_hq pixels --shard {part}") == 0
    assert parts.run("features celeba_hq pixels") == 0
    assert parts.files("data/features", "receipts/features") == once


def test_a_store_without_remarks_has_an_empty_list(remarked, monkeypatch):
    made = remarked("p")
    monkeypatch.setattr("cmg.extract.pixels.decode", decode_video)
    assert made.run("features celeba_hq pixels") == 0
    assert (made.path / CSV).read_text() == "row,clip_id,split,kind,text\n" and not FeatureStore(
        CSV[:-11] + "zarr"
    ).status.any()
