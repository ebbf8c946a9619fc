import cv2
import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import vgg19 as reference_vgg19
from torchvision.transforms.functional import normalize

from cmg.extract import vgg19, weights
from cmg.extract.calibrate import OPEN
from cmg.extract.recipes import RecipeError, recipe_from
from cmg.extract.vgg19 import CAFFE_BGR_MEAN, FULL, MINI, Network, Recipe, layers, normalise, random_layers, resize
from cmg.media.source import Decoded

CPU = torch.device("cpu")
NARROW = (4, 4, 8, 8, 8)


@pytest.fixture(scope="module")
def network():
    return Network(Recipe(weights="random", frames_per_second=3, seconds=3, dtype="float32", widths=NARROW), None, CPU)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("size", [(256, 340), (100, 60), (480, 854), (224, 224), (37, 501)])
def test_resize_equals_opencv_within_one_grey_level(size):
    frame = noise(*size, 3)
    expected = cv2.resize(frame, (224, 224), interpolation=cv2.INTER_LINEAR)
    found = resize(torch.from_numpy(frame[None]))[0].permute(1, 2, 0).numpy()
    difference = np.abs(found - expected)
    assert difference.max() <= 1 and difference.mean() < 0.2


def test_caffe_input_is_bgr_minus_means_without_scaling():
    pixel = torch.tensor([10.0, 20.0, 30.0])[None, :, None, None]
    found = normalise(pixel, "caffe").flatten()
    assert torch.allclose(found, torch.tensor([30 - 103.939, 20 - 116.779, 10 - 123.68]))
    assert CAFFE_BGR_MEAN == (103.939, 116.779, 123.68)
    assert torch.equal(normalise(pixel, "random").flatten(), found)


def test_torchvision_input_is_its_own_normalisation():
    frame = torch.from_numpy(noise(1, 3, 4, 4)).float()
    expected = normalize(frame / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    assert torch.allclose(normalise(frame, "torchvision"), expected, atol=1e-6)


def test_parameters_are_named_and_shaped_as_in_torchvision():
    with torch.device("meta"):
        ours, theirs = layers(FULL).state_dict(), reference_vgg19().features.state_dict()
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in theirs.items()}


def test_narrow_layers_keep_depth_and_512_maps():
    convolutions = [layer.out_channels for layer in layers(MINI) if isinstance(layer, nn.Conv2d)]
    assert convolutions == [8, 8, 16, 16, 32, 32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 512]


def test_features_are_the_mean_over_the_frames_of_each_second(network):
    frames = noise(6, 60, 80, 3)
    found = network([(0, Decoded(frames, 2))])
    assert found.valid == [2] and found.features.shape == (1, 3, 7, 7, 512)
    single = torch.stack(
        [network.layers(normalise(resize(torch.from_numpy(frame[None])), "random"))[0] for frame in frames]
    )
    expected = single.unflatten(0, (2, 3)).mean(1).permute(0, 2, 3, 1)
    assert torch.allclose(found.features[0, :2], expected, atol=1e-4)
    assert not found.features[0, 2].any() and (found.features >= 0).all()


def test_the_answer_does_not_depend_on_how_frames_are_split(network, monkeypatch):
    clip = Decoded(noise(9, 40, 40, 3), 3)
    whole = network([(0, clip)]).features
    monkeypatch.setattr(vgg19, "FRAMES_PER_FORWARD", {"cpu": 1})
    assert torch.allclose(network([(0, clip)]).features, whole, atol=1e-4)


def test_an_image_is_one_second_of_one_frame(network):
    found = network([(0, Decoded(noise(1, 30, 30, 3), 1))])
    assert found.valid == [1] and found.features[0, 0].any() and not found.features[0, 1:].any()


def test_colour_order_matters(network):
    frame = noise(1, 30, 30, 3)
    straight, swapped = (network([(0, Decoded(value, 1))]).features for value in (frame, frame[..., ::-1].copy()))
    assert (straight - swapped).abs().max() > 0.1


def test_random_weights_come_from_the_seed_alone(network):
    assert weights.digest(random_layers(0, NARROW).state_dict()) == network.digest
    assert weights.digest(random_layers(1, NARROW).state_dict()) != network.digest


def test_calibration_gives_each_channel_its_mean_and_unit_variance():
    generator = np.random.default_rng([0, 19])
    images = torch.from_numpy(vgg19.block_images(vgg19.CALIBRATION_IMAGES, 224, generator))
    values = normalise(images.permute(0, 3, 1, 2).float(), "random")
    means = []
    for layer in random_layers(0, NARROW):
        values = layer(values)
        if isinstance(layer, nn.Conv2d):
            means.append(values.mean((0, 2, 3)))
            assert (values.std((0, 2, 3)) - 1).abs().max() < 0.01
    expected = [0.0, *[OPEN] * 14, 0.0]
    assert all((mean - value).abs().max() < 0.01 for mean, value in zip(means, expected, strict=True))


def test_features_of_random_weights_tell_textures_and_colours_apart():
    """Five views of four classes (two textures, two colours), random position and background: nearest class mean over
    other views."""
    rng = np.random.default_rng(0)
    network = Network(Recipe(weights="random", frames_per_second=1, seconds=20, dtype="float32"), None, CPU)
    pictures = np.stack([_patch(kind, rng) for kind in range(4) for _ in range(5)])
    features = network([(0, Decoded(pictures, 20))]).features[0].mean((1, 2)).reshape(4, 5, 512)
    features = (features - features.mean((0, 1))) / features.std((0, 1)).clamp_min(1e-6)
    right = 0
    for kind in range(4):
        for view in range(5):
            kept = torch.ones(4, 5, 1)
            kept[kind, view] = 0
            means = (features * kept).sum(1) / kept.sum(1)
            right += int((means - features[kind, view]).square().sum(1).argmin() == kind)
    assert right >= 16, right


def _patch(kind: int, rng: np.random.Generator) -> np.ndarray:
    row, column = np.mgrid[:96, :96]
    field = np.sin(row * 0.9 + rng.uniform(0, 6)) * (1 if kind % 2 else np.sin(column * 0.9))
    colour = np.array([(230, 120, 20), (20, 120, 230)][kind // 2])
    picture = np.ones((96, 96, 3)) * rng.integers(60, 200, 3)
    top, left = rng.integers(0, 36, 2)
    picture[top : top + 60, left : left + 60] = np.where(field[..., None] > 0, colour, colour / 3)[:60, :60]
    return picture.astype(np.uint8)


def test_bfloat16_stays_close_to_float32(network):
    recipe = Recipe(
        weights="random", frames_per_second=3, seconds=3, dtype="float32", widths=NARROW, precision="bfloat16"
    )
    clip = Decoded(noise(3, 40, 40, 3), 1)
    exact, rounded = network([(0, clip)]).features[0, 0], Network(recipe, None, CPU)([(0, clip)]).features[0, 0]
    assert nn.functional.cosine_similarity(exact.flatten(), rounded.flatten(), dim=0) > 0.995


def test_trained_weights_are_read_by_name_and_absent_ones_are_explained(tmp_path, monkeypatch):
    with pytest.raises(
        weights.WeightsError, match="vgg19-d01eb7cb.pth not found.*sha256 begins with d01eb7cb.*get it from https"
    ):
        Network(Recipe(), tmp_path, CPU)
    monkeypatch.setattr(vgg19, "FULL", NARROW)
    monkeypatch.setitem(weights.KNOWN, "caffe", weights.WeightsFile("small.pth", "", "nowhere", "small"))
    state = {f"features.{name}": value for name, value in random_layers(3, NARROW).state_dict().items()}
    torch.save({**state, "classifier.1.weight": torch.zeros(2, 2)}, tmp_path / "small.pth")
    network = Network(Recipe(weights="caffe", widths=NARROW), tmp_path, CPU)
    assert network.digest == weights.digest(random_layers(3, NARROW).state_dict())
    assert network.recipe.describe()["input"].startswith("BGR")


def test_impossible_recipes_are_refused():
    assert recipe_from(Recipe, {"weights": "random"}).widths == MINI and Recipe().widths == FULL
    with pytest.raises(RecipeError, match="did you mean 'frames_per_second'"):
        recipe_from(Recipe, {"frames_per_secnd": 4})
    for wrong in (
        {"weights": "imagenet"},
        {"widths": (1, 2, 3, 4, 5)},
        {"frames_per_second": 0},
        {"grid": "odd"},
        {"precision": "int8"},
    ):
        with pytest.raises(RecipeError):
            Recipe(**wrong)
