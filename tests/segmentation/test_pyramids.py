"""Backbones: official names and shapes, tiny ones run, what does not fit is refused; the whole network learns one
step.
"""

import json

import pytest
import torch

from cmg.segmentation import heads
from cmg.segmentation.decoder import PyramidSegmenter
from cmg.segmentation.pyramids import PvtV2, ResNet50, library_name, pvt_state
from tests.segmentation.conftest import FAST

TINY = {
    "depths": [1] * 4,
    "hidden_sizes": [16, 32, 40, 64],
    "num_attention_heads": [1, 2, 4, 8],
    "mlp_ratios": [2] * 4,
    "sr_ratios": [4, 2, 1, 1],
}


@pytest.fixture(scope="module")
def official():
    """PVT-v2-b5 without memory: names and shapes."""
    with torch.device("meta"):
        return PvtV2()


def test_b5_has_its_parameters(official):
    assert sum(parameter.numel() for parameter in official.parameters()) == 81_443_008
    assert official.widths == (64, 128, 320, 512)


def test_every_official_weight_has_a_place(official, reference):
    models = json.loads((reference / "golden" / "codaar" / "state_dicts.json").read_text())["models"]
    keys = next(keys for name, keys in models.items() if name.startswith("AVS"))
    released = {n.partition(".")[2]: v["shape"] for n, v in keys.items() if n.startswith("encoder_backbone.")}
    ours = pvt_state({name: torch.empty(shape, device="meta") for name, shape in released.items()})
    expected = official.net.state_dict()
    assert {f"encoder.{name}": value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in expected.items()
    }


def test_keys_and_values_are_two_matrices_and_the_classifier_is_left_out():
    both = torch.arange(8.0).reshape(4, 2)
    found = pvt_state({"block2.0.attn.kv.weight": both, "head.weight": both})
    assert {name: value.tolist() for name, value in found.items()} == {
        "layers.1.blocks.0.attention.key.weight": both[:2].tolist(),
        "layers.1.blocks.0.attention.value.weight": both[2:].tolist(),
    }
    assert library_name("block1.2.mlp.dwconv.dwconv.bias") == "layers.0.blocks.2.mlp.dwconv.dwconv.bias"


def test_loaded_weights_are_used_and_others_refused():
    one, other = PvtV2(**TINY).eval(), PvtV2(**TINY).eval()
    state = {
        official_name(name): value
        for name, value in one.net.state_dict().items()
        if ".key." not in name and ".value." not in name
    }
    for name, key in one.net.state_dict().items():
        if ".key." in name:
            both = torch.cat([key, one.net.state_dict()[name.replace(".key.", ".value.")]])
            state[official_name(name.replace(".key.", ".kv."))] = both
    frames = torch.randn(2, 3, 64, 64)
    assert not torch.equal(one(frames)[3], other(frames)[3])
    other.load_official(state)
    assert all(torch.equal(a, b) for a, b in zip(one(frames), other(frames), strict=True))
    with pytest.raises(ValueError, match="1 names missing"):
        other.load_official({name: value for name, value in state.items() if name != "norm2.bias"})
    with pytest.raises(ValueError, match="another shape"):
        other.load_official({**state, "norm2.bias": torch.zeros(3)})


def official_name(name):
    """The official name of one of the library's: the map read backwards, for names that the test makes."""
    import re

    name = re.sub(r"^encoder\.layers\.(\d)\.", lambda found: f"layers.{int(found[1]) + 1}.", name)
    for ours, theirs in (
        (r"^layers\.(\d)\.patch_embedding\.layer_norm\.", r"patch_embed\1.norm."),
        (r"^layers\.(\d)\.patch_embedding\.", r"patch_embed\1."),
        (r"^layers\.(\d)\.blocks\.", r"block\1."),
        (r"^layers\.(\d)\.layer_norm\.", r"norm\1."),
        (r"\.layer_norm_(\d)\.", r".norm\1."),
        (r"\.attention\.layer_norm\.", ".attn.norm."),
        (r"\.attention\.query\.", ".attn.q."),
        (r"\.attention\.spatial_reduction\.", ".attn.sr."),
        (r"\.attention\.", ".attn."),
        (r"\.dense(\d)\.", r".fc\1."),
    ):
        name = re.sub(ours, theirs, name)
    return name


def test_maps_of_both_backbones_halve():
    for backbone in (PvtV2(**TINY), ResNet50()):
        shapes = [tuple(x.shape) for x in backbone.eval()(torch.zeros(1, 3, 64, 64))]
        assert shapes == [(1, width, side, side) for width, side in zip(backbone.widths, (16, 8, 4, 2), strict=True)]


def test_resnet_takes_torchvisions_names():
    from torchvision.models import resnet50

    state = resnet50().state_dict()
    net = ResNet50()
    net.load_official(state)
    assert torch.equal(net.net.layer3[2].conv2.weight, state["layer3.2.conv2.weight"])


def test_the_released_network_fits_and_answers_whole_clips(world):
    torch.manual_seed(0)
    net, splits = PyramidSegmenter(PvtV2(**TINY), 8), world.splits()
    frames = torch.nn.functional.interpolate(splits.fit.frames([0])[0], 64)[None]
    query = torch.randn(1, 5, 8)
    assert net.eval()(frames, query).shape == (1, 5, 64, 64)
    assert heads.build(FAST, 8).whole_clips is False and net.whole_clips is True
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        net.train()(frames, query)[:, :1], torch.zeros(1, 1, 64, 64)
    )
    loss.backward()
    assert all(p.grad is not None for p in net.parameters() if p.requires_grad)
