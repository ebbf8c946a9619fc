"""Datasets that no default store asks for, from the sample corpus to every modality they have."""

import numpy as np
import pytest

from cmg.store import FeatureStore

SMALL = {"seed": 1, "width": 48, "height": 32, "fps": 2, "defects": False}
DATASETS = {
    "avsbench_s4": ({"train": 3, "val": 1, "test": 2}, {}),
    "celeba_hq": ({"train": 3, "val": 0, "test": 2}, {"count": 5, "held_out": 2}),
    "flickrsound": ({"train": 3, "val": 0, "test": 2}, {"held_out": 2}),
}
SHAPES = {
    # pixels and masks: test_features_stage.py
    "avsbench_s4": {"video": (5, 7, 7, 512), "audio": (5, 128), "text": (10, 768)},
    "celeba_hq": {"pixels": (1, 32, 32, 3)},
    "flickrsound": {"text": (10, 768), "pixels": (1, 32, 32, 3)},
}


@pytest.fixture
def sampled(folder):
    """sampled(dataset): a folder with the sample of one dataset and its index."""

    def make(dataset):
        made, (counts, options) = folder(), DATASETS[dataset]
        made.set("scales.mini.corpus", {dataset: counts, **SMALL})
        made.set(f"datasets.{dataset}", {"source": "sample", **options})
        for command in (f"sample {dataset}", f"scan {dataset} --source sample", f"index {dataset}"):
            assert made.run(command) == 0
        return made

    return make


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_modality_of_a_sample(sampled, dataset):
    made = sampled(dataset)
    for modality, shape in SHAPES[dataset].items():
        assert made.run(f"features {dataset} {modality}") == 0
        store = FeatureStore(f"data/features/{dataset}/{modality}.zarr")
        assert store.shape == shape and not store.status.any()
        features = store.read(list(range(len(store)))).astype(float)
        assert all(np.ptp(row) > 0 for row in features) and len({row.tobytes() for row in features}) == len(features)


def test_a_dataset_without_sentences_has_no_text(sampled, capsys):
    made = sampled("celeba_hq")
    assert made.run("features celeba_hq text") == 1
    assert "stores.text: celeba_hq has no sentences" in capsys.readouterr().err
