"""MICU, `variant: release`, against numbers made by the released code, in float64: losses, both forwards, downstream
codes."""

import pytest
import torch

from cmg.methods import build, semantic
from cmg.methods.dcid.keys import DECODER, ENCODER, TEXT
from cmg.methods.keys import own_names
from cmg.methods.micu.masked_infonce import masked_infonce
from cmg.methods.types import Draws
from tests.methods.dcid.released_dcid import MODALITIES, buffers, read_inputs, set_buffers
from tests.methods.reference import close, load

FILES = {"state_encoder": ENCODER, "state_text_lstm": TEXT, "state_decoder": DECODER}
NOT_OURS = ("video_projection.", "classifiers.")  # carried by released checkpoints, used by no loss of MICU


@pytest.fixture
def expected(reference):
    return load(reference / "golden" / "micu", "training_losses")


@pytest.fixture
def method(dcid, expected):
    """The released model with the stored weights and codebook, without dropout, in training mode."""
    method = build("micu", {"variant": "release", "specific_channels": 64, "dropout": 0.0}).double().train()
    state = {
        k: v
        for name, table in FILES.items()
        for k, v in own_names(load(dcid, name), table).items()
        if not k.startswith(NOT_OURS)
    }
    state |= {
        f"jigsaw.classify.{k.split('.', 1)[1]}": v for k, v in expected.items() if k.startswith("jigsaw_enc_net.")
    }
    result = method.load_state_dict(state, strict=False)
    assert result.missing_keys == ["quantizer.hits"] and not result.unexpected_keys
    set_buffers(method.quantizer, load(dcid, "train_nodropout"))
    return method


def draws(expected):
    """The recorded draws. Which live code a dead one became is not recorded: it is the one it equals up to the constant
    shift."""
    uniform = torch.zeros(400, dtype=torch.float64)
    for dead, n in (((392, 393, 394, 395), 1), ((391, 396), 2)):
        table, idle = expected[f"embedding_after_forward_{n}"], expected[f"unactivated_count_after_forward_{n}"].clone()
        idle[list(dead)] = 300
        active = torch.nonzero(idle < 100).flatten()
        source = torch.cdist(table[list(dead)] + 1 / 1024, table[active]).argmin(dim=1)
        uniform[list(dead)] = (source.double() + 0.5) / len(active)
    return Draws(reset=uniform, masks={"query": expected["mask_keep"].bool()}, choices={"pieces": torch.tensor([0, 1])})


def test_both_forwards(method, dcid, expected):
    inputs = read_inputs(dcid)
    close({"embedding_before": method.quantizer.embedding}, expected)
    first = method._encode(inputs, draws(expected))
    close(
        {f"{m}_semantic": first.z[m] for m in MODALITIES} | {f"{m}_vq": first.quantized.hard[m] for m in MODALITIES},
        expected,
    )
    close(
        {
            name.removeprefix("commit_") + "_commit_forward_1": loss
            for name, loss in semantic.commitment(method.config, first).items()
        },
        expected,
    )
    close(buffers(method.quantizer, "_after_forward_1"), expected)
    second = method._encode(inputs, draws(expected))
    names = {
        f"{name.removeprefix('commit_')}_commit_used_in_loss(forward_2)": loss
        for name, loss in semantic.commitment(method.config, second).items()
    }
    close(
        names
        | {
            f"{name.removeprefix('recon_')}_recon": loss
            for name, loss in semantic.reconstruction(method.config, method.decoders, second).items()
        },
        expected,
    )
    close(buffers(method.quantizer, "_after_forward_2"), expected)


def test_masked_infonce(expected):
    z = {m: expected[f"{m}_semantic"] for m in MODALITIES}
    for name, terms in zip(("fine", "coarse"), masked_infonce(z, expected["mask_keep"].bool(), 0.1), strict=True):
        table = torch.stack(list(terms.values())).reshape(3, 3)
        close({f"{name}_terms_query_by_key(avt)": table, f"{name}_loss": table.sum()}, expected)


def test_jigsaw_with_every_choice_of_pieces(method, expected):
    codes = {m: expected[f"{m}_vq"] for m in MODALITIES}
    for order in ((0, 1), (1, 0)):
        last = method.jigsaw.classify[2]
        last.weight.data, last.bias.data = last.weight[list(order)], last.bias[list(order)]
        for a in range(3):
            for b in range(3):
                name = f"jigsaw_loss_parts{MODALITIES[a][0]}{MODALITIES[b][0]}_order01"
                name = name if order == (0, 1) else name.replace("order01", "order10")
                close({name: method.jigsaw(codes, torch.tensor([a, b]))}, expected)


def test_total_of_a_training_step(method, dcid, expected):
    terms = method.loss(read_inputs(dcid), draws(expected), lambda closure: pytest.fail("nothing to fit"))
    close({"total_with_parts_av_order01": terms.total}, expected)
    assert len(terms.terms) == 9


def test_downstream_codes_have_a_zero_row(method, dcid, reference):
    expected, inputs = load(reference / "golden" / "micu", "downstream_quantise"), read_inputs(dcid)
    method.eval()
    table = method.codebooks()[0]
    close({"row0_after": table[0]}, expected)
    assert method.quantizer.embedding[0].any()
    for m in ("audio", "video"):
        index = method.encode(m, getattr(inputs, m)).indices[..., 0]
        close({f"{m}_indices": index, f"{m}_vq": table[index]}, expected)
    index = method.encode("text", inputs.text).indices[..., 0]
    close({"text_vq": table[index]}, expected)
