"""The known numbers: judged rightly on stand-ins; checked for real where the weights or the files are at hand."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from cmg.extract import weights
from cmg.extract.acceptance import AVE_CLIPS, AVE_SOUND, SINE, SINE_HERTZ, Check, ave_sound, sine_test
from cmg.extract.contract import Batch
from cmg.extract.vggish import Recipe
from cmg.extract.vggish_net import VGGish, random_vggish
from cmg.store.statistics import Statistics

WEIGHTS = Path(os.environ.get("CMG_WEIGHTS", "weights"))
NOISY = Path(os.environ.get("CMG_DATA", "data/raw")) / "ave/audio_feature_noisy.h5"
WIDTHS, HIDDEN = (4, 4, 4, 4, 8, 8), 16


class Speaks:
    """In the place of the network: embeddings of a given mean and deviation, and the sound that it was given."""

    def __init__(self, mean: float, std: float) -> None:
        draws = np.random.default_rng(0).standard_normal((1, 3, 128))
        self.features = torch.from_numpy(mean + std * (draws - draws.mean()) / draws.std())

    def build(self, recipe: Recipe, *_: object) -> "Speaks":
        self.recipe = recipe
        return self

    def __call__(self, items: list) -> Batch:
        [(_, self.sound)] = items
        return Batch(self.features, [3])


@pytest.mark.parametrize("output", list(SINE))
@pytest.mark.parametrize(
    ("mean", "std", "passed"), [(1.0, 1.0, (True, True)), (1.09, 0.91, (True, True)), (0.89, 1.11, (False, False))]
)
def test_the_sine_test_accepts_a_tenth(output, mean, std, passed):
    expected = SINE[output]
    network = Speaks(mean * expected[0], std * expected[1])
    checks = sine_test(Path(), output, network.build)
    assert tuple(check.passed for check in checks) == passed
    assert (network.recipe.weights, network.recipe.output, network.sound.rate) == ("audioset", output, 16_000)
    spectrum = np.abs(np.fft.rfft(network.sound.array))
    assert len(network.sound.array) == 48_000 and spectrum.argmax() / 3 == SINE_HERTZ


def test_other_weights_do_not_pass(tmp_path, monkeypatch):
    """The whole path with a narrow network of random weights in the place of the trained one."""
    torch.save(random_vggish(0, WIDTHS, HIDDEN).state_dict(), tmp_path / "net.pth")
    monkeypatch.setitem(weights.KNOWN, "audioset", weights.WeightsFile("net.pth", "", "", ""))
    for module in ("vggish", "vggish_net"):
        monkeypatch.setattr(f"cmg.extract.{module}.FULL", WIDTHS)
        monkeypatch.setattr(f"cmg.extract.{module}.FULL_HIDDEN", HIDDEN)
    monkeypatch.setattr(VGGish.__init__, "__defaults__", (WIDTHS, HIDDEN))
    assert not all(check.passed for check in sine_test(tmp_path))


def test_absent_weights_say_where_to_get_them(tmp_path):
    with pytest.raises(weights.WeightsError, match="vggish-10086976.pth not found .* get it from https"):
        sine_test(tmp_path)


KNOWN = Statistics(
    mean=AVE_SOUND["mean"], std=AVE_SOUND["std"], low=0.0, high=4.537, zeros=AVE_SOUND["zeros"], silent_channels=1
)


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({}, []),
        ({"low": -0.1}, ["min"]),
        ({"zeros": 0.0}, ["zeros"]),
        ({"mean": 0.15, "std": 0.3}, ["mean"]),
        ({"std": 70.0}, ["std"]),
    ],
)
def test_features_of_another_kind_do_not_have_the_statistics_of_ave(change, failed):
    checks = ave_sound(Statistics(**{**KNOWN.__dict__, **change}), "theirs")
    assert [check.what.rpartition(" ")[2] for check in checks if not check.passed] == failed


def test_a_check_says_what_was_found_and_expected():
    assert str(Check("x", 0.2, 0.131, 0.0131)) == "x: 0.2000, expected 0.131 within 0.013: NOT as known"


@pytest.mark.parametrize(("output", "needs"), [("relu", ["audioset"]), ("pca", ["audioset", "audioset_pca"])])
def test_the_trained_vggish_hears_the_sine_as_published(output, needs):
    for name in needs:
        if not (WEIGHTS / weights.KNOWN[name].file).is_file():
            pytest.skip(
                f"needs {weights.KNOWN[name].file} in {WEIGHTS} (CMG_WEIGHTS), from {weights.KNOWN[name].source}"
            )
    assert all(check.passed for check in sine_test(WEIGHTS, output)), sine_test(WEIGHTS, output)


def test_the_released_sound_features_of_ave_have_the_known_statistics():
    if not NOISY.is_file():
        pytest.skip(f"needs AVE's {NOISY.name} at {NOISY} (CMG_DATA names the folder of the datasets)")
    with h5py.File(NOISY) as file:
        values = file["avadataset"][:].astype(np.float64)
    silent = int((values == 0).all(axis=(0, 1)).sum())
    found = Statistics(values.mean(), values.std(), values.min(), values.max(), (values == 0).mean(), silent)
    assert values.shape == (AVE_CLIPS, 10, 128) and (silent, round(found.high, 3)) == (1, 4.537)
    assert all(check.passed for check in ave_sound(found, "released", share=1e-3))
