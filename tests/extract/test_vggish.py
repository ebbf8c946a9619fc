import numpy as np
import pytest
import torch

from cmg.extract import weights
from cmg.extract.logmel import example
from cmg.extract.recipes import RecipeError
from cmg.extract.vggish import Network, Recipe
from cmg.extract.vggish_net import VGGish, random_vggish
from cmg.media.source import Decoded

CPU = torch.device("cpu")
SMALL = {"weights": "random", "seconds": 4, "widths": (4, 4, 4, 4, 8, 8), "hidden": 16}


def network(**options):
    return Network(Recipe(**{**SMALL, **options}), None, CPU)


def clip(seconds: float, rate: int = 16_000, seed: int = 0) -> Decoded:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * rate)).astype(np.float32) * 0.1
    samples *= 1 + np.floor(np.arange(len(samples)) / rate).astype(np.float32)
    return Decoded(samples, max(1, int(seconds + 0.1)), rate)


def vectors(found, index=0):
    return found.features[index].numpy()


def test_parameters_are_named_and_shaped_as_in_the_released_checkpoint():
    with torch.device("meta"):
        state = VGGish().state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items() if name.endswith("weight")}
    assert shapes == {
        "features.0.weight": (64, 1, 3, 3),
        "features.3.weight": (128, 64, 3, 3),
        "features.6.weight": (256, 128, 3, 3),
        "features.8.weight": (256, 256, 3, 3),
        "features.11.weight": (512, 256, 3, 3),
        "features.13.weight": (512, 512, 3, 3),
        "embeddings.0.weight": (4096, 12_288),
        "embeddings.2.weight": (4096, 4096),
        "embeddings.4.weight": (128, 4096),
    }


def test_maps_are_flattened_in_time_frequency_channel_order():
    net = VGGish((2, 2, 2, 2, 2, 3), 5)
    net.embeddings = torch.nn.Sequential(torch.nn.Identity(), torch.nn.ReLU())
    spectrum = torch.rand(1, 96, 64)
    maps = net.features(spectrum[:, None])[0]
    flat = net(spectrum)[0]
    assert flat.shape == (6 * 4 * 3,)
    assert flat[(2 * 4 + 1) * 3 + 2] == maps[2, 2, 1]


def test_one_vector_per_second_each_from_its_own_second():
    net = network()
    found = net([(0, clip(3.0))])
    assert found.valid == [3] and found.features.shape == (1, 4, 128) and found.features.dtype == torch.float32
    samples = torch.from_numpy(clip(3.0).array)
    alone = net.embed(
        torch.cat([example(samples[None, second * 16_000 : second * 16_000 + 15_600]) for second in range(3)])
    )
    np.testing.assert_allclose(vectors(found)[:3], alone.numpy(), atol=1e-4)
    assert not vectors(found)[3].any() and np.abs(vectors(found)[0] - vectors(found)[1]).max() > 0.01


def test_the_native_rate_is_resampled():
    rate = 44_100
    tone = (0.5 * np.sin(2 * np.pi * 700 * np.arange(2 * rate) / rate)).astype(np.float32)
    same = (0.5 * np.sin(2 * np.pi * 700 * np.arange(2 * 16_000) / 16_000)).astype(np.float32)
    net = network()
    found, expected = vectors(net([(0, Decoded(tone, 2, rate))])), vectors(net([(0, Decoded(same, 2, 16_000))]))
    # the first and last milliseconds differ, where the filter reaches beyond the sound
    assert np.abs(found - expected).mean() < 0.1 * np.abs(expected[:2]).mean()


@pytest.mark.parametrize(("length", "repeated"), [(2.961, True), (2.974, True), (2.9751, False), (3.0, False)])
def test_a_last_second_without_a_whole_window_repeats_the_vector_before(length, repeated):
    found = network()([(0, Decoded(clip(length).array, 3, 16_000))])
    assert found.valid == [3] and np.array_equal(vectors(found)[2], vectors(found)[1]) == repeated


def test_padding_is_the_other_rule_for_a_short_second():
    found = vectors(network(short_second="pad")([(0, Decoded(clip(2.9).array, 3, 16_000))]))
    assert found[2].any() and not np.array_equal(found[2], found[1])


def test_outputs_are_non_negative_and_linear_ones_are_not():
    after = vectors(network()([(0, clip(2))]))
    before = vectors(network(output="linear")([(0, clip(2))]))
    assert after.min() == 0 and before.min() < 0
    np.testing.assert_array_equal(np.maximum(before, 0), after)


def test_a_clip_gives_the_same_bytes_whatever_its_neighbours():
    net = network()
    alone = vectors(net([(2, clip(3, seed=5))]))
    together = vectors(net([(place, clip(3, seed=place + 3)) for place in range(4)]), 2)
    assert alone.tobytes() == together.tobytes()


def test_pca_clips_to_two_and_gives_whole_levels(tmp_path, monkeypatch):
    torch.save({"pca_eigen_vectors": torch.eye(128), "pca_means": torch.full((128, 1), 0.5)}, tmp_path / "pca.pth")
    state = random_vggish(1, SMALL["widths"], 16).state_dict()
    torch.save(state, tmp_path / "net.pth")
    monkeypatch.setitem(weights.KNOWN, "audioset", weights.WeightsFile("net.pth", "", "", ""))
    monkeypatch.setitem(weights.KNOWN, "audioset_pca", weights.WeightsFile("pca.pth", "", "", ""))
    for module in ("vggish", "vggish_net"):
        monkeypatch.setattr(f"cmg.extract.{module}.FULL", SMALL["widths"])
        monkeypatch.setattr(f"cmg.extract.{module}.FULL_HIDDEN", 16)
    monkeypatch.setattr(VGGish.__init__, "__defaults__", (SMALL["widths"], 16))
    plain, levels = (
        Network(Recipe(weights="audioset", seconds=2, output=output), tmp_path, CPU) for output in ("relu", "pca")
    )
    raw, found = vectors(plain([(0, clip(2))])), vectors(levels([(0, clip(2))]))
    expected = np.round((np.clip(raw - 0.5, -2, 2) + 2) * 255 / 4)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert plain.digest != levels.digest


def test_random_weights_come_from_the_seed_alone():
    first, again, other = (weights.digest(random_vggish(seed, SMALL["widths"], 16).state_dict()) for seed in (0, 0, 1))
    assert first == again != other


def test_impossible_recipes_are_refused(tmp_path):
    with pytest.raises(weights.WeightsError, match="vggish-10086976.pth not found"):
        Network(Recipe(), tmp_path, CPU)
    for wrong in ({"weights": "random", "output": "pca"}, {"hidden": 16}, {"seconds": 0}, {"short_second": "zero"}):
        with pytest.raises(RecipeError):
            Recipe(**wrong)
