"""Released-format features and a released-format checkpoint give table 1 by the shipped commands, with no media file on
disk."""

import csv
import io
import json
import pickle
import shutil
import zipfile

import h5py
import numpy as np
import pytest
import torch

from cmg.datasets.clips import read_index
from cmg.files import file_digest
from cmg.methods import build
from cmg.released import checkpoints as released
from cmg.store import FeatureStore
from cmg.synth import CorpusSpec, Split, plan
from cmg.tasks.codes import RunCodes
from tests.e2e import miniature
from tests.methods.conftest import SMALL

pytestmark = pytest.mark.e2e

DATASETS = {
    "vggsound_avel": ("audio", "video"),
    "ave": ("audio", "video"),
    "avvp": ("audio", "video"),
    "ucf101": ("video",),
}
SHAPES = {"audio": (128,), "video": (7, 7, 512)}
NAMES = {"audio": "audio_feature.h5", "video": "visual_feature.h5"}
OPTIONS = {**SMALL, "heads": 4, "variant": "release"}
MEDIA = {".mp4", ".avi", ".wav", ".jpg", ".png", ".mkv", ".webm"}


def features(dataset, modality, row):
    """Non-negative float32 [10, ...], as after a ReLU; each second has channels of its own that are loud."""
    draws = np.random.default_rng([list(DATASETS).index(dataset), list(SHAPES).index(modality), row])
    *places, channels = SHAPES[modality]
    loudness = draws.lognormal(0, 1, (10, *[1] * len(places), channels))
    return (np.maximum(draws.standard_normal((10, *places, channels)), 0) * loudness).astype("f4")


def write_features(root, dataset, modality, clips):
    """The form that was released: AVE one h5 file in row order, LLP's sound as npy, everything else a zipped pickle per
    clip."""
    if dataset == "ave":
        with h5py.File(root / NAMES[modality], "w") as file:
            file["avadataset"] = np.stack([features(dataset, modality, clip.row) for clip in clips])
        return
    npy = (dataset, modality) == ("avvp", "audio")
    folder = root / ("feats/vggish" if npy else f"feature/{modality}/zip")
    folder.mkdir(parents=True)
    for clip in clips:
        name, value = clip.clip_id[:11] if dataset == "avvp" else clip.clip_id, features(dataset, modality, clip.row)
        if npy:
            np.save(folder / f"{name}.npy", value)
            continue
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr("x.pkl", pickle.dumps(value))


def annotated(project, dataset):
    """The dataset's root with its annotation files alone, and the clips of its index."""
    counts = {
        key: Split(**value) if isinstance(value, dict) else value for key, value in miniature.MINI["corpus"].items()
    }
    root = project.folder / f"data/raw/{dataset}"
    for name, text in plan(dataset, CorpusSpec(**counts)).texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    for command in (f"scan {dataset} --source released", f"index {dataset}"):
        project.run("pipeline", *command.split())
    return root, read_index(project.folder / f"data/index/{dataset}.parquet")


@pytest.fixture(scope="module")
def model():
    """A released FCID in small."""
    torch.manual_seed(6)
    return build("fcid", OPTIONS).eval()


@pytest.fixture(scope="module")
def made(tmp_path_factory, model):
    """`dvc repro tables` in a project that holds annotation files, released features and a released checkpoint."""
    return miniature.once(tmp_path_factory, "released", lambda folder: make(folder, model))


def make(folder, model):
    project = miniature.create(folder)
    project.set("datasets", {name: {"source": "released"} for name in DATASETS})
    stores = {modality: [name for name, found in DATASETS.items() if modality in found] for modality in SHAPES}
    project.set("stores", {**stores, "text": ["vggsound_avel"], "pixels": [], "masks": []})
    project.set("reconstruction.datasets", [])
    project.set("methods", ["fcid"])
    released.export(project.folder / "FCID.pt", model, {"method": "fcid", "pretrain": {"epochs": 4}, "steps": 2000})
    pinned = {"checkpoint": "FCID.pt", "checkpoint_sha256": file_digest(project.folder / "FCID.pt")}
    project.set("fcid", {"variant": "release", **pinned})
    for dataset, modalities in DATASETS.items():
        root, clips = annotated(project, dataset)
        for modality in modalities:
            write_features(root, dataset, modality, clips)
        project.run("pipeline", "scan", dataset, "--source", "released")
        shutil.rmtree(project.folder / "data/index")  # dvc makes it
    project.dvc("repro", "tables")


def test_table_1_has_every_cell_of_the_method_and_no_media_was_there(made):
    suffixes = {file.suffix.lower() for file in (made.folder / "data").rglob("*")}
    assert not suffixes & MEDIA and {".zip", ".npy", ".h5"} <= suffixes
    text = (made.folder / "results/table1.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text.partition("\n")[2] if text.startswith("#") else text)))
    ours = [row for row in rows if row["method"] == "fcid"]
    assert {(row["toc"], row["variant"]) for row in ours} == {("no", "release"), ("yes", "release")}
    for row in ours:
        means = {name: row[name] for name in row if name.endswith("_mean")}
        assert len(means) > 8 and all(value and 0 <= float(value) <= 100 for value in means.values()), means


def test_stores_and_checkpoint_say_that_they_were_released(made):
    for dataset, modalities in DATASETS.items():
        for modality in modalities:
            store = FeatureStore(made.folder / f"data/features/{dataset}/{modality}.zarr")
            assert store.attrs["provenance"] == "released" and not store.failures()
            np.testing.assert_allclose(store.read([3])[0], features(dataset, modality, 3), rtol=1e-3, atol=1e-6)
    receipt = json.loads((made.folder / "receipts/pretrain/fcid-0.json").read_text())
    assert list(receipt["inputs"]) == ["FCID.pt"]


@pytest.mark.parametrize("modality", ["audio", "video"])
def test_the_codes_are_those_of_the_released_model_on_the_released_features(made, model, modality):
    codes = RunCodes.read(made.folder / "data/codes/fcid-0.safetensors").entries["ave", modality]
    store = FeatureStore(made.folder / f"data/features/ave/{modality}.zarr")
    with torch.inference_mode():
        expected = model.encode(modality, torch.from_numpy(store.read(range(len(store))).astype("f4"))).indices.numpy()
    assert (codes.indices == expected).mean() > 0.99 and len(np.unique(expected)) >= 4
