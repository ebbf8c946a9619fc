"""CoDAAR, `variant: release`, official size: weights and inputs made by a rule, against the released code."""

import zlib

import numpy as np
import pytest
import torch

from cmg.methods import build, semantic
from cmg.methods.codaar.keys import merged_counts, split_counts
from cmg.methods.keys import TEMPLATE, own_names, released_names
from cmg.methods.types import Batch, Draws
from tests.methods.codaar.test_codaar_release import (
    CPC_ORDER,
    GROUPS,
    PARTS,
    buffers,
    by_released_name,
    check_cpc,
    check_monitors,
    features,
    groups_of,
    named_losses,
    projections,
)
from tests.methods.reference import SINGLE, close, load, under


def normal(key, shape):
    return np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()))).standard_normal(shape).astype(np.float32)


def value(prefix, key, shape):
    """One tensor of a state dict, float32 arithmetic; counts and weights of the codebook follow in `state_of`."""
    g = normal(prefix + key, shape)
    if key.endswith("running_var"):
        return 1 + np.float32(0.1) * abs(g)
    if "running_mean" in key:
        return np.float32(0.1) * g
    if "embedding" in key:
        return g
    if "ema_count" in key:
        return 1 + 2 * abs(g)
    if key.endswith(("num_batches_tracked", "unactivated_count")):
        return np.zeros(shape, np.float32)
    if len(shape) >= 2:
        return g / np.float32(np.sqrt(np.prod(shape[1:])))
    return 1 + np.float32(0.1) * g if key.endswith("weight") else np.float32(0.1) * g


def state_of(prefix, shapes):
    """A module's state dict by the rule; shapes: released key -> shape."""
    state = {key: value(prefix, key, tuple(shape)) for key, shape in shapes.items()}
    book = next((key.removesuffix("embedding") for key in state if key.endswith(".embedding")), None)
    if book:
        counts = [state[f"{book}ema_count_{m}"] for m in "vat" if f"{book}ema_count_{m}" in state]
        segments = np.split(state[f"{book}embedding"], len(counts), axis=1)
        state[f"{book}ema_weight"] = np.concatenate(
            [s * n[:, None] for s, n in zip(segments, counts, strict=True)], axis=1
        )
        state[f"{book}ema_count"] = sum(counts)
    return {key: torch.from_numpy(np.asarray(x)).double() for key, x in state.items()}


@pytest.fixture
def folder(reference):
    return reference / "golden" / "codaar"


@pytest.mark.parametrize("part", PARTS)
def test_the_rule_makes_the_stored_small_weights(folder, part):
    stored = under(load(folder, "avt_small_weights"), f"{part}.")
    made = state_of(f"{part}.", {key: x.shape for key, x in stored.items()})
    for key, x in stored.items():
        torch.testing.assert_close(made[key].to(x.dtype), x, rtol=0, atol=0, msg=lambda m, k=key: f"{k}: {m}")


def official(setting):
    """The released model at full size with weights by the rule, and inputs by the rule."""
    method = build("codaar", {"variant": "release", "modalities": setting, "dropout": 0.0}).double()
    ours, state = method.state_dict(), {}
    for part, table in PARTS.items():
        named = released_names(ours, table)
        named = split_counts(named) if part == "Encoder" else named
        shapes = {key: x.shape for key, x in named.items() if not key.endswith((".hits", ".started"))}
        values = state_of(f"{part}." if setting == "avt" or part == "Text_ar_lstm" else f"{part}AV.", shapes)
        state |= own_names(merged_counts(values) if part == "Encoder" else values, table)
    result = method.load_state_dict(state, strict=False)
    assert set(result.missing_keys) == {"quantizer.hits", "quantizer.started"}
    video = np.maximum(
        normal("input.video", (4, 10, 7, 7, 512)) + 2 * normal("input.video_frame", (4, 10, 1, 1, 512)), 0
    )
    text = np.float32(0.5) * normal("input.query", (4, 10, 768))
    for clip, words in enumerate((10, 7, 9, 4)):
        text[clip, words:] = 0
    arrays = (torch.from_numpy(x).double() for x in (normal("input.audio", (4, 10, 128)), video, text))
    return method, Batch(*arrays, torch.ones(4, 10, dtype=torch.bool))


def summaries(name, x):
    """The forms in which the files hold a large tensor."""
    return {f"{name}_sum": x.sum(), f"{name}_abs_sum": x.abs().sum(), f"{name}_sub": x[..., ::64], name: x}


def close_known(found, expected, **tolerance):
    """Compare what the file holds; how much of it that is."""
    known = {name: x for name, x in found.items() if name in expected}
    close(known, expected, **tolerance)
    return len(known)


def forward(method, batch):
    x = semantic.inputs(method.encoder, batch)
    found = {f"z_{m[0]}": method.encoder(m, x[m]) for m in method.modalities}
    projected = projections(method, x)
    found |= summaries("video_spatial", projected.pop("video_spatial")) | projected
    return found | ({"text_feature": x["text"]} if "text" in x else {})


@pytest.mark.parametrize("setting", ["avt", "av"])
def test_evaluation(folder, setting):
    expected = under(load(folder, f"{setting}_full_recipe"), "eval.")
    method, batch = official(setting)
    method.eval()
    found = forward(method, batch) | {"video_pooled": method.encoder.pool(batch.video)}
    for m in method.modalities:
        index = method.encode(m, features(batch, m)).indices[..., 0]
        found |= {f"idx_{m[0]}": index, **summaries(f"full_{m[0]}", method.codebooks()[0][index])}
    assert close_known(found, expected) == len(expected.keys() - {"margin"})


@pytest.mark.parametrize("setting", ["avt", "av"])
def test_training_forward_and_gradients(folder, setting):
    expected = under(load(folder, f"{setting}_full_recipe"), "train.")
    method, batch = official(setting)
    method.train()
    close_known(rebuilt(copy_of(method), batch), expected)
    z = {m: method.encoder(m, x) for m, x in semantic.inputs(method.encoder, batch).items() if m in method.modalities}
    check_cpc(method, z, expected, CPC_ORDER[setting])
    draws = Draws(
        cpc_step=int(expected["cpc_t"]), reset=torch.zeros(800), noise=torch.zeros_like(method.quantizer.embedding)
    )
    terms = method.loss(batch, draws, fit=None)
    terms.total.backward()
    close_known(named_losses(terms.terms), expected)
    check_monitors(method, terms.monitors, expected)
    statistics = by_released_name(method, dict(method.named_buffers()))
    close_known({f"{name}.sum": x.double().sum() for name, x in statistics.items()}, under(expected, "bn_after."))
    check_codebook(method, under(expected, "codebook_after."))
    check_norms(method, expected)


def rebuilt(method, batch):
    """`forward`, the codes, the logits of the unused classifiers and the reconstructions."""
    found, x = forward(method, batch), semantic.inputs(method.encoder, batch)
    z = {m: found[f"z_{m[0]}"] for m in method.modalities}
    quantized = method.quantizer(z, torch.zeros(800), torch.zeros_like(method.quantizer.embedding))
    projected = projections(method, x)
    for m in method.modalities:
        full, own = method._trimodal(m, z, quantized), projected["video_spatial" if m == "video" else f"P_{m[0]}"]
        found |= summaries(f"full_{m[0]}", full) | summaries(f"q_{m[0]}", quantized.straight[m])
        found |= summaries(f"class_{m[0]}", method.classifiers[m](full))
        found |= summaries(f"xhat_{m[0]}", method.decoders[m](method.merge[m](full), own))
    return found


def copy_of(method):
    """Batch statistics move with every training forward."""
    other = build("codaar", method.config.model_dump()).double().train()
    other.load_state_dict(method.state_dict())
    return other


def check_codebook(method, expected):
    found = buffers(method.quantizer)
    rows = {"embedding_sub": found["embedding"][::16]}
    tables = {name: form for each in ("embedding", "ema_weight") for name, form in summaries(each, found[each]).items()}
    close_known({**tables, **rows, **{k: v for k, v in found.items() if "count" in k}}, expected, **SINGLE)
    # sums of 614,400 numbers of either sign
    close_known({k: v for k, v in tables.items() if "sum" in k}, expected, atol=1e-8)


def check_norms(method, expected):
    norms = under(expected, "gradnorm_param.")
    found = by_released_name(method, {n: p.grad.norm() for n, p in method.named_parameters() if p.grad is not None})
    assert all(TEMPLATE in f".{name}" or name in found or norms[name] == 0 for name in norms)
    close_known(found, norms)
    totals = {
        GROUPS[name]: torch.nn.utils.get_total_norm([p.grad for p in group])
        for name, group in groups_of(method).items()
    }
    close_known(totals, under(expected, "gradnorm."))
