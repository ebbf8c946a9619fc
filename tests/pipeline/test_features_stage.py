"""The features stage in parts, and with released features instead of media."""

import io
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest

from cmg.datasets.clips import read_index
from cmg.store import FeatureStore
from pipeline.__main__ import main
from pipeline.stages import features as features_stage

CLIPS = {"train": ["-aaaaaaaaaa", "bbbbbbbbbbb"], "test": ["ccccccccccc"]}
SPLITS = {"train": 0, "val": 1, "test": 2}


def annotate_valor(root, count=7):
    """A root of descriptions alone: enough for an index and for text features."""
    root.mkdir(parents=True)
    for split, place in SPLITS.items():
        entries = [
            {"video_id": f"{place}{number:010}_0.000_10.000", "desc": f"Sound number {number} of part {split}"}
            for number in range(count)
        ]
        (root / f"desc_{split}.json").write_text(json.dumps(entries))


@pytest.fixture
def described(folder):
    """A folder with the index of a described dataset and three sentences per shard."""

    def make(name):
        made = folder(name)
        made.set("datasets.valor32k", {"source": "raw"})
        made.set("features.clips_per_shard", 3)
        annotate_valor(made.path / "data/raw/valor32k")
        assert (made.run("scan valor32k"), made.run("index valor32k")) == (0, 0)
        return made

    return make


def test_parts_in_any_order_give_the_bytes_of_one_run(described, capsys):
    whole = described("whole")
    whole.run("features valor32k text")
    parts = described("parts")
    capsys.readouterr()
    for part in ("3/3", "1/3", "2/3"):
        parts.run(f"features valor32k text --shard {part}")
        assert (
            not (parts.path / "data/features/valor32k/text.zarr").exists()
            and not (parts.path / "receipts/features").exists()
        )
    computed = [int(line.split(": ")[1].split()[0]) for line in capsys.readouterr().out.splitlines()]
    assert computed == [6, 9, 6]
    parts.run("features valor32k text")
    assert json.loads((parts.path / "logs/features/valor32k-text.json").read_text())["computed"] == 0
    rooms = ("data/features", "receipts/features")
    assert parts.files(*rooms) == whole.files(*rooms) != {}


def test_a_part_that_never_ran_is_computed_when_gathering(described):
    made = described("p")
    made.run("features valor32k text --shard 2/3")
    made.run("features valor32k text")
    assert json.loads((made.path / "logs/features/valor32k-text.json").read_text())["computed"] == 21 - 6
    assert not FeatureStore("data/features/valor32k/text.zarr").status.any()


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/2/3", "a/b", "-1/2", "1/0"])
def test_an_impossible_part_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        main(["features", "ave", "audio", f"--shard={text}"])
    assert "expected i/n with i from 1 to n" in capsys.readouterr().err


def zipped(value):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.pkl", pickle.dumps(value))
    return out.getvalue()


def features(modality, seed, seconds=10):
    shape = (seconds, 128) if modality == "audio" else (seconds, 7, 7, 512)
    return np.random.default_rng(seed).random(shape).astype("f4")


def write(root, files):
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def run_all(made, dataset, *modalities):
    made.set(f"datasets.{dataset}", {"source": "released"})
    for command in (
        f"scan {dataset} --source released",
        f"index {dataset}",
        *(f"features {dataset} {m}" for m in modalities),
    ):
        assert made.run(command) == 0


def test_zipped_pickles_become_stores_without_any_media(folder):
    made = folder()
    made.set("features.failure_limit", 0.5)
    ids = [*CLIPS["train"], *CLIPS["test"]]
    lines = [f"playing violin,{clip_id},{split}" for split, found in CLIPS.items() for clip_id in found]
    write(
        made.path / "data/raw/vggsound_avel",
        {"vggsound-avel40k.csv": "\n".join(["category,video_id,split", *lines]) + "\n"},
    )
    for place, clip_id in enumerate(ids[:2]):
        for modality in ("audio", "video"):
            data = zipped(features(modality, place, seconds=9 if (place, modality) == (1, "audio") else 10))
            write(made.path / "data/raw/vggsound_avel", {f"feature/{modality}/zip/{clip_id}.zip": data})
    run_all(made, "vggsound_avel", "audio", "video", "text")
    clips = read_index(made.path / "data/index/vggsound_avel.parquet")
    assert [(clip.clip_id, clip.status) for clip in clips] == list(zip(ids, ("ok", "ok", "missing"), strict=True))
    for modality in ("audio", "video"):
        store = FeatureStore(f"data/features/vggsound_avel/{modality}.zarr")
        assert store.attrs["provenance"] == "released" and store.attrs["recipe"]["format"] == "zip of pickle"
        assert store.valid.tolist() == [10, 9 if modality == "audio" else 10, 0] and store.status_of(2) == "missing"
        np.testing.assert_allclose(store.read([0])[0], features(modality, 0), atol=1e-3)
    assert FeatureStore("data/features/vggsound_avel/text.zarr").attrs["provenance"] == "extracted"


def test_the_h5_files_of_ave_are_read_by_row(folder):
    made = folder()
    lines = [f"Bark&{clip_id}&good&0&5" for found in CLIPS.values() for clip_id in found]
    root = made.path / "data/raw/ave"
    write(
        root,
        {
            "Annotations.txt": "\n".join(lines),
            "trainSet.txt": "\n".join(lines[:2]),
            "valSet.txt": "",
            "testSet.txt": lines[2],
        },
    )
    for name, modality in (("audio_feature", "audio"), ("visual_feature", "video")):
        with h5py.File(root / f"{name}.h5", "w") as file:
            file["avadataset"] = np.stack([features(modality, row) for row in range(3)]).astype("f8")
    run_all(made, "ave", "audio", "video")
    for modality in ("audio", "video"):
        store = FeatureStore(f"data/features/ave/{modality}.zarr")
        assert store.attrs["recipe"]["format"] == "h5" and store.valid.tolist() == [10, 10, 10]
        np.testing.assert_allclose(store.read([2])[0], features(modality, 2), atol=1e-3)


def test_llp_names_files_by_eleven_characters_and_a_changed_file_is_noticed(folder, capsys):
    made = folder()
    made.set("features.failure_limit", 0.4)
    names = [f"{clip_id}_30_40" for found in CLIPS.values() for clip_id in found]
    weak = {split: "filename\tevent_labels\n" for split in ("train", "val_pd", "test_pd")}
    weak["train"] += "".join(f"{name}\tDog\n" for name in names)
    dense = {f"AVVP_eval_{modality}.csv": "filename\tonset\toffset\tevent_labels\n" for modality in ("audio", "visual")}
    root = made.path / "data/raw/avvp"
    write(root, {f"AVVP_{split}.csv": text for split, text in weak.items()} | dense)
    (root / "feats/vggish").mkdir(parents=True)
    for row, name in enumerate(names):
        np.save(root / f"feats/vggish/{name[:11]}.npy", features("audio", row))
    run_all(made, "avvp", "audio")
    assert FeatureStore("data/features/avvp/audio.zarr").valid.tolist() == [10, 10, 10]
    np.save(root / f"feats/vggish/{names[1][:11]}.npy", features("audio", 9))
    made.run("scan avvp --source released")
    made.run("index avvp")
    np.save(root / f"feats/vggish/{names[1][:11]}.npy", features("audio", 8))
    made.run("features avvp audio")
    store = FeatureStore("data/features/avvp/audio.zarr")
    assert [store.status_of(row) for row in range(3)] == ["ok", "changed", "ok"]
    assert json.loads((made.path / "logs/features/avvp-audio.json").read_text())["reused"] == 2
    made.set("features.failure_limit", 0.1)
    assert made.run("features avvp audio") == 1 and "pipeline scan" in capsys.readouterr().err


def indexed_s4(folder):
    """A project with four small clips of AVSBench-S4, indexed."""
    made = folder()
    counts = {
        "avsbench_s4": {"train": 2, "val": 1, "test": 1},
        "seed": 1,
        "width": 48,
        "height": 32,
        "fps": 2,
        "defects": False,
    }
    made.set("scales.mini.corpus", counts)
    made.set("datasets.avsbench_s4", {"source": "sample"})
    for command in ("sample avsbench_s4", "scan avsbench_s4 --source sample", "index avsbench_s4"):
        made.run(command)
    return made


def test_pixels_and_masks_of_avsbench(folder):
    made = indexed_s4(folder)
    for modality in ("pixels", "masks"):
        made.set(f"scales.mini.features.{modality}.avsbench_s4", {"size": 40})
        assert made.run(f"features avsbench_s4 {modality}") == 0
    pixels, masks = (FeatureStore(f"data/features/avsbench_s4/{name}.zarr") for name in ("pixels", "masks"))
    assert (pixels.shape, masks.shape, str(pixels.dtype)) == ((5, 40, 40, 3), (5, 40, 40), "uint8")
    assert (pixels.valid.tolist(), masks.valid.tolist()) == ([5] * 4, [1, 1, 5, 5])
    frames, covered = pixels.read([3])[0].astype(float), masks.read([3])[0]
    assert set(np.unique(covered)) == {0, 1}
    saturation = 1 - frames.min(-1) / np.maximum(frames.max(-1), 1)
    assert np.median(saturation[covered == 1]) > np.median(saturation[covered == 0]) + 0.2
    media = made.path / "data/sample/avsbench_s4/Single-source/s4_data"
    made.set("features.failure_limit", 0.5)
    for modality, pattern, statuses in (
        ("masks", "gt_masks/test/*/*/*_2.png", ["ok", "ok", "ok", "changed"]),
        ("pixels", "visual_frames/val/*/*/*_3.png", ["ok", "ok", "changed", "changed"]),
    ):
        changed = next(media.glob(pattern))
        changed.write_bytes(changed.read_bytes() + b" ")
        made.set(f"scales.mini.features.{modality}.avsbench_s4", {"size": 20})
        made.run(f"features avsbench_s4 {modality}")
        found = FeatureStore(f"data/features/avsbench_s4/{modality}.zarr")
        assert [found.status_of(row) for row in range(4)] == statuses


def test_failed_clips_alone_are_tried_again_when_asked(folder, capsys):
    made = indexed_s4(folder)
    made.set("features.failure_limit", 0.5)
    frame = next((made.path / "data/sample/avsbench_s4").glob("Single-source/s4_data/visual_frames/val/*/*/*_3.png"))
    good = frame.read_bytes()
    frame.write_bytes(good + b" ")
    capsys.readouterr()

    def run(options=""):
        assert made.run(f"features avsbench_s4 pixels{options}") == 0
        log = json.loads((made.path / "logs/features/avsbench_s4-pixels.json").read_text())
        return log["computed"], log["reused"], log["failed"]

    assert run() == (4, 0, 1) and ", 1 failed]" in capsys.readouterr().err
    assert "val,changed" in (made.path / "data/features/avsbench_s4/pixels.failures.csv").read_text()
    frame.write_bytes(good)
    assert run() == (0, 4, 1)
    assert run(" --retry-failed") == (1, 3, 0)
    assert not FeatureStore("data/features/avsbench_s4/pixels.zarr").status.any()


def test_a_run_that_is_refused_for_its_failures_tries_them_again(folder, capsys):
    """Files that were away for a while (a disk not mounted, a copy not finished): nothing else changes, and the same
    command goes on."""
    made = indexed_s4(folder)
    made.set("features.clips_per_shard", 3)
    frames = made.path / "data/sample/avsbench_s4/Single-source/s4_data/visual_frames/val"
    frames.rename(made.path / "away")
    for _ in range(2):
        assert made.run("features avsbench_s4 pixels") == 1
        assert "1 of 4 rows failed" in capsys.readouterr().err
    (made.path / "away").rename(frames)
    assert made.run("features avsbench_s4 pixels") == 0
    log = json.loads((made.path / "logs/features/avsbench_s4-pixels.json").read_text())
    assert (log["computed"], log["failed"]) == (1, 0)


def test_the_limits_of_one_file_reach_the_decoding_processes(described, monkeypatch):
    made, asked = described("p"), []

    class Stopped(Exception):
        """No error of the operating system, which would be a message and status 1."""

    def stop(job, clips, root, writer, execution, progress):
        asked.append((execution.time_limit, execution.memory_limit))
        raise Stopped

    monkeypatch.setattr(features_stage, "run_job", stop)
    for memory in (0.5, None):
        made.set("features.time_limit", 7)
        made.set("features.memory_limit", memory)
        with pytest.raises(Stopped):
            made.run("features valor32k text")
    assert asked == [(7, 2**29), (7, None)]


def test_too_many_clips_that_the_index_misses_are_said_before_anything_is_decoded(described, monkeypatch, capsys):
    made = described("p")
    monkeypatch.setattr(features_stage, "run_job", None)
    assert made.run("features valor32k audio") == 1
    said = capsys.readouterr().err
    assert "21 of 21 rows failed" in said and "missing" in said and "Traceback" not in said


def test_only_avsbench_has_masks(described, capsys):
    made = described("p")
    write(made.path / "data/raw/valor32k/video", {"00000000000_0.000_10.000.mp4": b"x"})
    assert (made.run("scan valor32k"), made.run("index valor32k")) == (0, 0)
    made.set("features.failure_limit", 1.0)
    made.set("scales.mini.features.masks.valor32k", {"size": 64})
    assert made.run("features valor32k masks") == 1
    assert "of the datasets avsbench_s4 has some" in capsys.readouterr().err
