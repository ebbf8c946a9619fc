"""The mask decoder and its attention: equal to the released ones, and without their matrix over all pairs of
positions.
"""

import re
import zlib

import numpy as np
import pytest
import torch

from cmg.segmentation.attention import QueryAttention
from cmg.segmentation.decoder import MaskDecoder

WIDTHS = (64, 128, 320, 512)
RENAMED = [  # ours -> the released name
    (r"^reduce\.(\d)\.convs\.", lambda m: f"conv{int(m[1]) + 1}.conv2d_list."),
    (r"^attend\.(\d)\.", lambda m: f"tpavi_b{int(m[1]) + 1}."),
    (r"^fuse\.(\d)\.", lambda m: f"path{int(m[1]) + 1}."),
    (r"\.enter\.conv_", lambda m: ".resConfUnit1.conv_"),
    (r"\.refine\.conv_", lambda m: ".resConfUnit2.conv_"),
    (r"conv_a\.", lambda m: "conv1."),
    (r"conv_b\.", lambda m: "conv2."),
    (r"\.align\.", lambda m: ".align_channel."),
    (r"\.norm\.", lambda m: ".norm_layer."),
    (r"\.back\.", lambda m: ".W_z.0."),
    (r"\.scale\.", lambda m: ".W_z.1."),
    (r"^enter\.", lambda m: "output_conv.0."),
    (r"^inner\.", lambda m: "output_conv.2."),
    (r"^out\.", lambda m: "output_conv.4."),
]


def released_name(name):
    for pattern, new in RENAMED:
        name = re.sub(pattern, new, name)
    return name


def drawn(key, shape):
    """The reference's rule: standard normal numbers of a generator seeded with the CRC-32 of the name."""
    return (
        np.random.Generator(np.random.PCG64(zlib.crc32(f"avs.{key}".encode())))
        .standard_normal(shape)
        .astype(np.float32)
    )


def ruled(name, shape):
    g = drawn(name, shape)
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    if name.endswith("running_var"):
        return 1 + 0.1 * np.abs(g)
    if len(shape) > 1:
        return g / np.sqrt(np.prod(shape[1:])).astype(np.float32)
    return 1 + 0.1 * g if name.endswith("weight") else 0.1 * g


def fill(module, prefix=""):
    """Weights by the rule. 1x1 convolutions of the release have three axes of one: the numbers are the same."""
    state = {
        name: torch.from_numpy(np.asarray(ruled(released_name(prefix + name), tuple(x.shape))))
        for name, x in module.state_dict().items()
    }
    module.load_state_dict({name: value.reshape(module.state_dict()[name].shape) for name, value in state.items()})
    return module.eval()


@pytest.fixture
def golden(reference):
    path = reference / "golden" / "codaar" / "avs_decoder_recipe.npz"
    if not path.is_file():
        pytest.skip("reference file golden/codaar/avs_decoder_recipe.npz is absent")
    return np.load(path, allow_pickle=False)


def close(found, expected):
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-5, atol=1e-5)


def test_attention_equals_the_released_one(golden):
    attention = fill(QueryAttention(768), "attend.3.")
    x, query = (
        torch.from_numpy(drawn("tpavi.x", (1, 256, 5, 7, 7))),
        torch.from_numpy(drawn("tpavi.query", (1, 5, 768))),
    )
    close(attention.align(query), golden["tpavi_query_aligned"])
    close(attention(x[0].transpose(0, 1), query).transpose(0, 1)[None], golden["tpavi_out"])


@torch.inference_mode()
def test_decoder_equals_the_released_one(golden):
    decoder = fill(MaskDecoder(WIDTHS, 768))
    sides = (56, 28, 14, 7)
    pyramid = [
        torch.from_numpy(drawn(f"input.x{n}", (5, c, s, s)))
        for n, (c, s) in enumerate(zip(WIDTHS, sides, strict=True), start=1)
    ]
    query = torch.from_numpy(drawn("input.query", (5, 768)))[None]
    for n, x in enumerate(decoder.maps(pyramid, query), start=1):
        close(decoder.attend[n - 1].align(query), golden[f"query_aligned{n}"])
        close(x.relu()[:, ::32, ::7, ::7], golden[f"fmap{n}_sub"])
        assert x.relu().double().sum().item() == pytest.approx(float(golden[f"fmap{n}_sum"]), rel=1e-5)
    logits = decoder(pyramid, query)
    assert logits.shape == (1, 5, 224, 224)
    close(logits[0, :, None, ::4, ::4], golden["pred_sub"])
    assert logits.double().abs().sum().item() == pytest.approx(float(golden["pred_abs_sum"]), rel=1e-5)


def test_every_released_weight_of_the_decoder_has_a_place(reference):
    import json

    models = json.loads((reference / "golden" / "codaar" / "state_dicts.json").read_text())["models"]
    released = next(keys for name, keys in models.items() if name.startswith("AVS"))
    expected = {name for name in released if not name.startswith(("encoder_backbone", "path4.resConfUnit1"))}
    assert {released_name(name) for name in MaskDecoder(WIDTHS, 768).state_dict()} == expected
    for name, x in MaskDecoder(WIDTHS, 768).state_dict().items():
        assert np.prod(x.shape) == np.prod(released[released_name(name)]["shape"]), name


@pytest.mark.parametrize("seed", range(3))
def test_attention_is_the_sum_over_all_pairs_of_positions(seed):
    torch.manual_seed(seed)
    attention, clips, seconds, side = QueryAttention(6, 8).double(), 2, 3, 4
    attention.scale.reset_parameters()
    torch.nn.init.normal_(attention.scale.weight)
    x, query = torch.randn(clips * seconds, 8, side, side).double(), torch.randn(clips, seconds, 6).double()

    def flat(maps):
        return maps.unflatten(0, (clips, seconds)).permute(0, 1, 3, 4, 2).flatten(1, 3)

    phi = attention.phi(attention.align(query))[:, :, None].expand(-1, -1, side**2, -1).flatten(1, 2)
    pairs = flat(attention.theta(x)) @ phi.transpose(1, 2) / (seconds * side**2)
    y = (pairs @ flat(attention.g(x))).unflatten(1, (seconds, side, side)).permute(0, 1, 4, 2, 3).flatten(0, 1)
    expected = attention.norm((x + attention.scale(attention.back(y))).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(attention(x, query), expected)


def test_at_first_the_query_changes_nothing():
    attention, x = QueryAttention(6, 8), torch.randn(5, 8, 4, 4)
    assert torch.equal(attention(x, torch.randn(1, 5, 6)), attention(x, torch.zeros(1, 5, 6)))
