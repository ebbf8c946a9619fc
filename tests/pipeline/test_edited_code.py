"""Work of earlier code is not taken over after an edit of what it did: rows of stores, unfinished training."""

import json

import h5py
import numpy as np
import pytest
import torch

from pipeline.training import key

S4 = {
    "avsbench_s4": {"train": 1, "val": 1, "test": 1},
    "seed": 1,
    "width": 48,
    "height": 32,
    "fps": 2,
    "defects": False,
}


@pytest.fixture
def released(folder):
    """Released audio features of three clips of AVE."""
    made = folder()
    made.set("datasets.ave", {"source": "released"})
    root, lines = made.path / "data/raw/ave", [f"Bark&{letter * 11}&good&0&5\n" for letter in "abc"]
    root.mkdir(parents=True)
    for name, text in (("Annotations", lines), ("trainSet", lines[:2]), ("valSet", []), ("testSet", lines[2:])):
        (root / f"{name}.txt").write_text("".join(text))
    with h5py.File(root / "audio_feature.h5", "w") as file:
        file["avadataset"] = np.ones((3, 10, 128))
    assert (made.run("scan ave --source released"), made.run("index ave")) == (0, 0)
    return made


def features(made, dataset, modality):
    """Rows computed and reused."""
    assert made.run(f"features {dataset} {modality}") == 0
    log = json.loads((made.path / f"logs/features/{dataset}-{modality}.json").read_text())
    return log["computed"], log["reused"]


PLACES = [
    "cmg/released/importers.py:import_rows",
    "cmg/released/unpickle.py:load_array",
    "cmg/released/indexed.py:ReleasedFiles",
]


@pytest.mark.parametrize("place", PLACES)
def test_released_rows_are_read_again_after_an_edit_and_not_after_a_comment(released, place):
    assert features(released, "ave", "audio") == (3, 0)
    released.comment(place.partition(":")[0])
    assert features(released, "ave", "audio") == (0, 3)
    released.change(place)
    assert features(released, "ave", "audio") == (3, 0)


def test_clips_of_another_choice_of_images_are_computed_again(folder):
    made = folder()
    made.set("scales.mini.corpus", S4)
    made.set("datasets.avsbench_s4", {"source": "sample"})
    for command in ("sample avsbench_s4", "scan avsbench_s4 --source sample", "index avsbench_s4"):
        made.run(command)
    modalities = ("video", "pixels", "masks")
    assert [features(made, "avsbench_s4", modality) for modality in modalities] == [(3, 0)] * 3
    made.change("cmg/extract/visual.py:video_task")
    assert [features(made, "avsbench_s4", modality) for modality in modalities] == [(3, 0), (3, 0), (0, 3)]
    made.change("cmg/extract/masks.py:_masks")
    assert [features(made, "avsbench_s4", modality) for modality in modalities] == [(0, 3), (0, 3), (3, 0)]


def training(device="cpu"):
    return key({"seed": 0}, {}, "pretrain-baseline", torch.device(device))


@pytest.mark.parametrize(
    "place",
    [
        "cmg/train/pairs.py:pair",
        "cmg/datasets/exclusions.py:read_exclusions",
        "cmg/datasets/clips.py:read_index",
        "pipeline/device.py:settle",
        "pipeline/stages/pretrain.py:_train",
        "pipeline/sweeps.py:merged",
    ],
)
def test_training_begins_again_after_an_edit_of_anything_that_its_stage_runs(folder, place):
    made = folder()
    before = training()
    made.comment(place.partition(":")[0])
    assert training() == before
    made.change(place)
    assert training() != before


def test_training_begins_again_with_another_number_of_threads_or_device(folder):
    folder()
    torch.set_num_threads(1)
    before = training()
    torch.set_num_threads(2)
    assert len({before, training(), training("cuda")}) == 3
