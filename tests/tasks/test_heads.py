"""Heads: many at once equal one at a time, dimensions left out have no say, and the released layers give the released
numbers."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cmg.tasks import heads
from cmg.tasks.settings import EvaluateOptions

OPTIONS = EvaluateOptions(epochs=6, learning_rate=0.02, batch_size=7)
GOLDEN = (
    Path(os.environ.get("CMG_SHARED", Path(__file__).parents[2] / "../shared")) / "golden/fcid/downstream_heads.npz"
)


def data(kind, n=20, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(n, 10, 8)).astype(np.float32)
    shape = {heads.CLIP: (n,), heads.SECOND: (n, 10), heads.ACTIVE: (n, 10, 3)}[kind]
    return codes, rng.integers(0, 2 if kind == heads.ACTIVE else 3, shape).astype(bool if kind == heads.ACTIVE else int)


KEPT = [np.arange(8), np.array([5, 1, 2]), np.array([0])]


@pytest.mark.parametrize("kind", [heads.CLIP, heads.SECOND, heads.ACTIVE])
@pytest.mark.parametrize("head", ["linear", "two_linear"])
def test_heads_fitted_together_equal_heads_fitted_alone(kind, head):
    options = replace(OPTIONS, head=head)
    together = heads.fit(data(kind), data(kind, seed=1), KEPT, 3, kind, options)
    for j, kept in enumerate(KEPT):
        alone = heads.fit(data(kind), data(kind, seed=1), [kept], 3, kind, options)
        assert alone.epoch[0] == together.epoch[j]
        torch.testing.assert_close(alone.bank.weight_JCD[0], together.bank.weight_JCD[j], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(alone.answer(data(kind)[0])[0], together.answer(data(kind)[0])[j])


@pytest.mark.parametrize("head", ["linear", "two_linear"])
def test_dimensions_left_out_have_no_say(head):
    fitted = heads.fit(data(heads.CLIP), None, KEPT, 3, heads.CLIP, replace(OPTIONS, head=head))
    codes = torch.from_numpy(data(heads.CLIP)[0])
    changed = codes.clone()
    changed[..., [0, 3, 4, 6, 7]] += 9
    with torch.no_grad():
        before, after = fitted.bank(codes), fitted.bank(changed)
    torch.testing.assert_close(before[:, 1], after[:, 1])
    assert (before[:, 0] - after[:, 0]).abs().max() > 0.1


def test_a_head_is_the_linear_head_on_the_slice():
    bank = heads.HeadBank(KEPT, 8, 3, heads.SECOND, OPTIONS)
    codes = torch.from_numpy(data(heads.SECOND)[0])
    weight, bias = bank.weight_JCD[1][:, KEPT[1]], bank.bias_JC[1]
    torch.testing.assert_close(bank(codes)[..., 1, :], torch.nn.functional.linear(codes[..., KEPT[1]], weight, bias))
    assert weight.abs().max() <= 3**-0.5 and bank.weight_JCD[1][:, [0, 3, 4, 6, 7]].abs().max() == 0


def test_same_seed_same_head_other_seed_other_head():
    fits = [heads.fit(data(heads.CLIP), None, KEPT, 3, heads.CLIP, replace(OPTIONS, seed=seed)) for seed in (0, 0, 1)]
    assert torch.equal(fits[0].bank.weight_JCD, fits[1].bank.weight_JCD)
    assert not torch.allclose(fits[0].bank.weight_JCD, fits[2].bank.weight_JCD)
    torch.manual_seed(7)  # the global generator has no part in it
    again = heads.fit(data(heads.CLIP), None, KEPT, 3, heads.CLIP, OPTIONS)
    assert torch.equal(fits[0].bank.weight_JCD, again.bank.weight_JCD)


def test_one_scale_suits_every_codebook():
    codes, target = data(heads.CLIP)
    small, usual = (
        heads.fit((codes * size, target), None, KEPT, 3, heads.CLIP, OPTIONS)
        for size in (np.float32(2**-10), np.float32(1))
    )
    torch.testing.assert_close(small.bank.weight_JCD, usual.bank.weight_JCD)
    raw = heads.fit((codes * np.float32(2**-10), target), None, KEPT, 3, heads.CLIP, replace(OPTIONS, unit_rms=False))
    assert raw.scale == 1 and not torch.allclose(raw.bank.weight_JCD, usual.bank.weight_JCD)


def test_the_chosen_epoch_is_the_best_on_validation():
    fit, val = data(heads.CLIP), data(heads.CLIP, seed=1)
    chosen = heads.fit(fit, val, KEPT[:1], 3, heads.CLIP, replace(OPTIONS, epochs=12))
    scores = []
    for epochs in range(1, 13):
        fixed = heads.fit(fit, None, KEPT[:1], 3, heads.CLIP, replace(OPTIONS, epochs=epochs))
        scores.append(heads.score(fixed.answer(val[0])[0], val[1], heads.CLIP))
    assert chosen.val_score[0] == max(scores) == scores[chosen.epoch[0] - 1]
    assert heads.score(chosen.answer(val[0])[0], val[1], heads.CLIP) == max(scores)


def test_best_breaks_ties_by_loss():
    fitted = heads.Fitted(None, 1.0, np.ones(4), np.array([90.0, 80, 90, 90]), np.array([0.1, 0.0, 0.3, 0.2]), OPTIONS)
    assert fitted.best([1, 2, 3]) == 3
    assert replace(fitted, val_score=None).best([2, 3]) == 2


def test_losses_equal_the_formulas():
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(4, 10, 2, 3)), rng.integers(0, 2, (4, 10, 3))
    p = 1 / (1 + np.exp(-logits))
    expected = [-np.mean(target * np.log(p[:, :, j]) + (1 - target) * np.log(1 - p[:, :, j])) for j in range(2)]
    found = heads.losses(torch.from_numpy(logits), torch.from_numpy(target).double(), heads.ACTIVE)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10)
    classes = rng.integers(0, 3, (4, 10))
    log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = [-np.mean(np.take_along_axis(log[:, :, j], classes[..., None], -1)) for j in range(2)]
    np.testing.assert_allclose(
        heads.losses(torch.from_numpy(logits), torch.from_numpy(classes), heads.SECOND).numpy(), expected, rtol=1e-10
    )


@pytest.mark.skipif(not GOLDEN.exists(), reason="reference arrays of the released code are absent (set CMG_SHARED)")
@pytest.mark.parametrize("name, kind, size", [("ave", heads.CLIP, 28), ("avvp", heads.ACTIVE, 26)])
def test_two_linear_head_equals_the_released_one(name, kind, size):
    with np.load(GOLDEN) as golden:
        codes = torch.from_numpy(golden[f"x_{name}"])
        bank = heads.HeadBank(
            [np.arange(codes.shape[2])], codes.shape[2], size, kind, replace(OPTIONS, head="two_linear")
        ).double()
        state = {
            key.split("/")[1]: torch.from_numpy(golden[key])[None] for key in golden if key.startswith(f"{name}_head/")
        }
        names = {
            "linear.weight": "weight_JHD",
            "linear.bias": "bias_JH",
            "event_classifier.weight": "weight_JCD",
            "event_classifier.bias": "bias_JC",
        }
        bank.load_state_dict({names[key]: value for key, value in state.items()} | {"mask_JD": bank.mask_JD})
        logits = bank(codes)
        np.testing.assert_allclose(
            logits.detach().numpy().reshape(golden[f"logits_{name}"].shape), golden[f"logits_{name}"], rtol=1e-10
        )
        if kind == heads.CLIP:
            loss = heads.losses(logits, torch.from_numpy(golden["event_index"]), kind).item()
            np.testing.assert_allclose(loss, golden["ce_ave"], rtol=1e-10)
            assert heads.score(heads.answers(logits, kind, 0.5)[0], golden["event_index"], kind) == golden["acc_ave"]
        else:
            loss = heads.losses(logits, torch.from_numpy(golden["labels_avvp"]), kind).item()
            np.testing.assert_allclose(loss, golden["bce_avvp_float64"], rtol=1e-10)
