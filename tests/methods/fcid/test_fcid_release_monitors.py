"""FCID, `variant: release`, against the released code: monitors, the slice before quantisation, and the same in
float32."""

import pytest
import torch

from cmg.methods.types import Draws
from cmg.quantizers.codebook import agreement, nearest
from tests.methods.fcid.test_fcid_release import UNIFORM, forward
from tests.methods.fcid.test_fcid_release_step import own_name, released_step
from tests.methods.reference import accuracy_by_target

SINGLE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.mark.parametrize("file", ["eval_forward", "train_forward_nodropout"])
def test_number_of_clips_whose_code_agrees(released, golden, golden_batch, file):
    method, expected = released(dropout=0.0).train(file.startswith("train")), golden(file)
    x = forward(method, golden_batch)[1]
    assert agreement(x.quantized.indices) == expected["c_equal_num"]


def test_a_slice_of_the_dimensions_before_quantisation(released, golden, golden_batch):
    """Every third dimension of the features and of the codebook; the released tasks slice afterwards."""
    expected, every = golden("encode_modalities"), torch.arange(0, 256, 3)
    method = released().eval()
    book = method.codebooks()[0][:, every]
    index = nearest(method.encoder.encode("audio", golden_batch.audio)[..., every], book)
    torch.testing.assert_close(book[index], expected["audio_split_choose_every3"], rtol=1e-10, atol=1e-12)


def draws_of(expected):
    clubs = ("video", "audio", "text", "audiovisual")
    return Draws({n: expected[f"perm_{n}"] for n in clubs}, int(expected["cpc_t"]), UNIFORM)


def test_monitors_and_norms_of_a_training_step(released, golden, golden_batch):
    expected, record = golden("train_step"), {}
    method = released(dropout=0.0).train()
    fine = method._fine(golden_batch)
    step = int(expected["cpc_t"])
    predictions = {m: method.predictive(m, fine[m], step) for m in ("video", "audio")}
    targets = {m: method.predictive.targets(fine[m], step) for m in ("video", "audio")}
    found = sorted(float(accuracy_by_target(predictions[m], targets[n])) for m in predictions for n in targets)
    assert found == pytest.approx(sorted(expected["cpc_accuracy"].tolist()), rel=1e-6)
    released_step(method, golden_batch, draws_of(expected), record)
    torch.testing.assert_close(
        torch.stack(list(record["clip"].values())).sort().values,
        expected["clip_total_norm"].sort().values,
        rtol=1e-10,
        atol=0,
    )
    parameters = dict(method.named_parameters())
    for name, norm in zip(expected["param_names"], expected["param_norm_after"], strict=True):
        if own := own_name(name):
            torch.testing.assert_close(parameters[own].detach().norm(), norm, rtol=1e-10, atol=1e-12)


def test_losses_and_codebook_in_float32(released, golden, golden_batch):
    method, expected = released(dropout=0.0).train().float(), golden("train_forward_nodropout")
    found = forward(method, golden_batch.to(torch.float32))[0]
    assert all(torch.equal(found[f"idx_{m}"], golden("eval_forward")[f"idx_{m}"]) for m in "vat")
    names = [n for n in found.keys() & expected.keys() if found[n].is_floating_point()]
    found |= {
        f"{n}_after1": getattr(method.quantizer, n)
        for n in ("embedding", "ema_count", "ema_weight", "unactivated_count")
    }
    assert len(names) > 15
    for name in [*names, *(n for n in found if n.endswith("_after1"))]:
        torch.testing.assert_close(
            found[name].detach().double(), expected[name], **SINGLE, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_a_training_step_in_float32(released, golden, golden_batch):
    expected, record = golden("train_step"), {}
    method = released(dropout=0.0).train().float()
    terms = released_step(method, golden_batch.to(torch.float32), draws_of(expected), record)
    total = expected["losses"][next(i for i, n in enumerate(expected["loss_names"]) if "total" in n)]
    torch.testing.assert_close(terms.total.detach().double(), total, rtol=1e-4, atol=0)
    torch.testing.assert_close(method.quantizer.embedding.double(), expected["embedding_after"], **SINGLE)
    for name, norm in zip(expected["grad_names"], expected["grad_norm_before_clip"], strict=True):
        if (own := own_name(name)) and record["gradients"][own] is not None:
            torch.testing.assert_close(
                record["gradients"][own].double(), norm, rtol=1e-4, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}"
            )
