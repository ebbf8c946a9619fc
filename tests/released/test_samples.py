"""Statistics of a folder of released features."""

import pickle
import zipfile

import h5py
import numpy as np
import pytest

from cmg.released.samples import of_folder

VALUES = np.random.default_rng(0).normal(size=(7, 10, 4)).astype("f4")


def zipped(folder):
    folder.mkdir(parents=True)
    for row, value in enumerate(VALUES):
        with zipfile.ZipFile(folder / f"{row}.zip", "w") as archive:
            archive.writestr(f"{row}.pkl", pickle.dumps(value))
    (folder / "7.zip").write_bytes(b"not a zip")


def h5(folder):
    with h5py.File(folder / "audio_feature.h5", "w") as file:
        file["avadataset"] = VALUES.astype("f8")


def npy(folder):
    folder.mkdir(parents=True)
    for row, value in enumerate(VALUES):
        np.save(folder / f"{row}.npy", value)


@pytest.mark.parametrize(("make", "place"), [(zipped, "feature/audio/zip"), (h5, "."), (npy, "feats/vggish")])
def test_of_every_form_of_released_features(tmp_path, make, place):
    make(tmp_path / place)
    found = of_folder(tmp_path, "audio")
    assert found.mean == pytest.approx(VALUES.astype(float).mean(), abs=1e-6) and found.high == pytest.approx(
        VALUES.max()
    )
    assert of_folder(tmp_path, "video") is None


def test_of_no_released_features_there_are_none(tmp_path):
    assert of_folder(tmp_path, "audio") is None
