"""DCID, `variant: release`: the official size with weights made by a formula, and two whole steps with every stored
value."""

import json
import re

import numpy as np
import pytest
import torch

from cmg.methods import build, semantic
from cmg.methods.dcid.keys import CLUBS, CPC, DECODER, ENCODER, TEXT
from cmg.methods.keys import own_names, released_names
from cmg.methods.types import Draws
from tests.methods.dcid.released_dcid import (
    MODALITIES,
    NO_RESET,
    PERMUTATION,
    buffers,
    released,
    resetting,
    set_buffers,
)
from tests.methods.dcid.test_dcid_release import encoded_values
from tests.methods.dcid.test_dcid_release_steps import TERMS, make_optimisers, total, train_step
from tests.methods.reference import close, load, under

GROUPS = {
    "cpc": "cpc",
    "encoder": "encoder",
    "text": "text_lstm",
    "decoder": "decoder",
    **{f"club_{m}": f"club_{m}" for m in MODALITIES},
}
TABLES = {
    "encoder": ENCODER,
    "text_lstm": TEXT,
    "cpc": CPC,
    "decoder": DECODER,
    **{f"club_{m}": CLUBS[m] for m in MODALITIES},
}


def spread(size, factor, shift):
    """((i factor + shift) mod 2^32) / 2^32 - 0.5 for i < size."""
    values = (np.arange(size, dtype=np.uint64) * np.uint64(factor) + np.uint64(shift)) % np.uint64(2**32)
    return values.astype(np.float64) / 2**32 - 0.5


def formula(name, rank, shape):
    """The tensor of one name and its 1-based rank in the list of names."""
    size = int(np.prod(shape))
    if name.endswith(("embedding", "ema_weight")):
        x = 3 * spread(size, 2246822519, 374761393)
    elif name.endswith("ema_count"):
        x = np.ones(size)
    elif name.endswith("unactivated_count"):
        x = np.zeros(size)
    elif len(shape) >= 2:
        x = 2 * spread(size, 2654435761, rank * 40503 * 65537) / np.sqrt(size / shape[0])
    else:
        x = 0.2 * spread(size, 2654435761, rank * 40503 * 65537) + ("norm" in name and name.endswith("weight"))
    return torch.from_numpy(x.reshape(shape))


def official(folder, names):
    """The released model at full size; the unused template layers keep their ranks in the list."""
    method = build("dcid", {"variant": "release", "dropout": 0.0}).double()
    ours, state = method.state_dict(), {}
    parts = {part: released_names(ours, TABLES[part]) for part in ("encoder", "text_lstm", "decoder")}
    for rank, name in enumerate(names, start=1):
        key = re.sub(r"^(encoder|decoder|text_lstm)[./]", "", name)
        for part, tensors in parts.items():
            if key in tensors:
                state |= own_names({key: formula(key, rank, tuple(tensors[key].shape))}, TABLES[part])
    result = method.load_state_dict(state, strict=False)
    assert all(k.startswith(("predictive.", "clubs.", "quantizer.hits")) for k in result.missing_keys)
    return method


def test_official_size(dcid, dcid_inputs):
    expected = load(dcid, "full_size_eval_formula_weights")
    with np.load(dcid / "full_size_eval_formula_weights.npz", allow_pickle=False) as arrays:
        names = arrays["parameter_names_in_formula_order"].tolist()
    method = official(dcid, names).eval()
    encoded = method._encode(dcid_inputs, Draws(**NO_RESET))
    found = encoded_values(method, encoded)
    channels = found["video_specific_map"]
    found |= {
        "video_specific_map_channel_mean": channels.mean(dim=(0, 1, 2, 3)),
        "video_specific_map_0_0": channels[0, 0],
    }
    found |= {"video_specific_map_shape": torch.tensor(channels.shape)}
    found |= {
        f"{name.removeprefix('recon_')}_recon_loss": loss
        for name, loss in semantic.reconstruction(method.config, method.decoders, encoded).items()
    }
    assert found.keys() >= expected.keys()
    close({name: found[name] for name in expected}, expected, rtol=1e-9)


def named(method, values):
    """`part/released key` of values under our names."""
    return {f"{part}/{key}": x for part, table in TABLES.items() for key, x in released_names(values, table).items()}


def in_order(found, expected):
    """Whether the numbers of `found` stand in `expected` in this order; the release has template layers between
    them."""
    rest = iter(expected.tolist())
    return all(any(x == pytest.approx(y, rel=1e-7) for y in rest) for x in found.tolist())


def test_two_training_steps_in_full(dcid, dcid_inputs):
    expected = load(dcid, "two_training_steps")
    method, warm = released(dcid).train(), load(dcid, "train_nodropout")
    set_buffers(method.quantizer, warm)
    optimisers = make_optimisers(method)
    for n, draws in enumerate((resetting(warm), Draws(**NO_RESET))):
        step = Draws(dict.fromkeys(MODALITIES, PERMUTATION), 5, draws.reset, draws.noise)
        terms, _, norms = train_step(method, dcid_inputs, step, optimisers)
        values = {TERMS[name]: value for name, value in terms.items()} | total(terms)
        values |= {f"gradnorm_{GROUPS[name]}": norm for name, norm in norms.items()}
        close(values, under(expected, f"step{n}_"), rtol=1e-8)
        close(buffers(method.quantizer, f"_step{n}"), expected, rtol=1e-8)
        if n == 0:
            gradients = named(method, {k: p.grad for k, p in method.named_parameters() if p.grad is not None})
            stored = under(expected, "clipped_grad_step0/")
            close({key: gradients[f"encoder/{key}"] for key in stored}, stored, rtol=1e-7, atol=1e-12)
    lengths = {k: p.detach().norm() for k, p in named(method, dict(method.named_parameters())).items()}
    for part, stored in under(expected, "param_l2_after_2_steps/").items():
        keys = [key for key in load(dcid, f"state_{part}") if f"{part}/{key}" in lengths]
        assert in_order(torch.stack([lengths[f"{part}/{key}"] for key in keys]), stored), part


def test_a_training_step_in_float32(dcid, dcid_inputs):
    """Losses and gradient norms of the first step as the index prints them, to 1e-4."""
    index = json.loads((dcid / "index.json").read_text())["results_in_short"]
    expected = {k: torch.tensor(v, dtype=torch.float64) for k, v in index["step0 parts"].items()}
    method, warm = released(dcid).train(), load(dcid, "train_nodropout")
    set_buffers(method.quantizer, warm)
    method.float()
    draws = resetting(warm)
    step = Draws(dict.fromkeys(MODALITIES, PERMUTATION), 5, draws.reset, draws.noise)
    terms, _, norms = train_step(method, dcid_inputs.to(torch.float32), step, make_optimisers(method))
    small = {"rtol": 1e-4, "atol": 1e-4}
    close({TERMS[name]: value for name, value in terms.items()} | total(terms), expected, **small)
    close({f"gradnorm_{GROUPS[name]}": norm for name, norm in norms.items()}, expected, rtol=1e-4)
    close(buffers(method.quantizer), warm, **small)
