"""CoDAAR, `variant: release`, against numbers made by the released code, in float64."""

import pytest
import torch

from cmg.losses.cpc import cross_cpc
from cmg.methods import build, semantic
from cmg.methods.codaar.keys import CPC, DECODER, ENCODER, TEXT, merged_counts
from cmg.methods.keys import TEMPLATE, own_names, released_names
from cmg.methods.types import Batch, Draws
from tests.methods.reference import SINGLE, accuracy_by_prediction, close, load, under

PARTS = {"Encoder": ENCODER, "Decoder": DECODER, "CPC": CPC, "Text_ar_lstm": TEXT}
GROUPS = {"cpc": "CPC", "encoder": "Encoder", "text": "Text_ar_lstm", "decoder": "Decoder"}
SMALL = {"codebook_size": 24, "embedding_dim": 32, "text_hidden": 32, "specific_channels": 32, "dropout": 0.0}


def released(folder, name, modalities, **options):
    """The reduced released model with the stored weights, in float64."""
    arrays = load(folder, name)
    method = build("codaar", {"variant": "release", "modalities": modalities, **SMALL, **options}).double()
    state = {}
    for part, table in PARTS.items():
        values = under(arrays, f"{part}.") or under(arrays, f"{part}AV.")
        values = merged_counts(values) if part == "Encoder" else values
        state |= own_names(values, table)
    result = method.load_state_dict(state, strict=False)
    assert set(result.missing_keys) <= {"quantizer.hits", "quantizer.started"} and not result.unexpected_keys
    return method


@pytest.fixture
def folder(reference):
    return reference / "golden" / "codaar"


@pytest.fixture
def inputs(folder):
    x = load(folder, "avt_small_inputs")
    return Batch(x["audio"], x["video"], x["query"], torch.ones(x["query"].shape[:2], dtype=torch.bool))


def features(batch, name):
    return batch.text if name == "text" else getattr(batch, name)


def projections(method, x):
    """P_a, P_t and P_v of the release."""
    found = {f"P_{m[0]}": method.project[m](x[m]) for m in x if m != "video"}
    return found | {"video_spatial": method.project["video"](method.encoder.pool.gated(x["video"]))}


def test_encoding(folder, inputs):
    method, expected = released(folder, "avt_small_weights", "avt").eval(), load(folder, "avt_small_eval")
    x = semantic.inputs(method.encoder, inputs)
    close({"text_feature": x["text"], "video_pooled": method.encoder.pool(inputs.video)}, expected)
    close(projections(method, x), expected)
    table = method.codebooks()[0]
    for m in ("video", "audio", "text"):
        close({f"z_{m[0]}": method.encoder.encode(m, features(inputs, m))}, expected)
        index = method.encode(m, features(inputs, m)).indices[..., 0]
        close({f"idx_{m[0]}": index, f"full_{m[0]}": table[index]}, expected)
        close({f"q_{m[0]}": method.quantizer.part(table, m)[index]}, expected)
    means = inputs.video.mean(dim=(2, 3))  # inert attention needs no more than these
    assert torch.equal(method.encode("video", means).indices, method.encode("video", inputs.video).indices)


def step(method, batch, cpc_step):
    """Forward and backward of the released step; draws that no dead code needs are zero."""
    draws = Draws(cpc_step=cpc_step, reset=torch.zeros(24), noise=torch.zeros_like(method.quantizer.embedding))
    terms = method.loss(batch, draws, fit=None)
    terms.total.backward()
    return terms


def groups_of(method):
    """The clip groups, parameters without a gradient and empty groups left out."""
    known = {name: [p for p in group if p.grad is not None] for name, group in method.clip_groups().items()}
    return {name: group for name, group in known.items() if group}


def named_losses(terms):
    found = {"cmcm_loss": terms["cmcm"], "cpc_loss": terms["cpc"]}
    found |= {
        f"{kind}_{name[0]}": terms[f"{kind}_{name}"] for kind, _, name in (k.partition("_") for k in terms) if name
    }
    return found | {"total_loss": sum(terms.values())}


def buffers(quantizer):
    counts = {f"ema_count_{m[0]}": row for m, row in zip(quantizer.streams, quantizer.ema_count, strict=True)}
    names = {name: getattr(quantizer, name) for name in ("embedding", "ema_weight", "unactivated_count")}
    return {**names, **counts, "ema_count": quantizer.ema_count.sum(dim=0)}


def by_released_name(method, values):
    """Our names -> `Part.released key`, for the parameters that a released module has."""
    found = {}
    for part, table in PARTS.items():
        found |= {f"{part}.{key}": value for key, value in released_names(values, table).items()}
    return found


def test_one_training_step(folder, inputs):
    method, expected = released(folder, "avt_small_weights", "avt").train(), load(folder, "avt_small_train_step")
    # the sum of the counts was taken in float32
    close(buffers(method.quantizer), under(expected, "codebook_before."), rtol=1e-6)
    terms = step(method, inputs, int(expected["cpc_t"]))
    close(named_losses(terms.terms), expected)
    check_monitors(method, terms.monitors, expected)
    close(buffers(method.quantizer), under(expected, "codebook_after."))
    gradients = {n: p.grad for n, p in method.named_parameters() if p.grad is not None}
    check_gradients(by_released_name(method, gradients), under(expected, "grad."))
    check_update(method, expected)


def check_monitors(method, found, expected):
    close({"segment_loss": found["segment"], "equal_num": found["agreement"]}, expected)
    # ours are in float32
    close({f"perplexity_{m[0]}": found[f"perplexity_{m}"] for m in method.modalities}, expected, rtol=1e-6)


def check_gradients(found, expected):
    """Every gradient of the release, stored in float32; ours are missing only where theirs are exactly zero."""
    for name, value in expected.items():
        if TEMPLATE not in f".{name}" and name not in found:
            assert not value.any(), name
    known = {name: value for name, value in found.items() if name in expected}
    assert len(known) > 150 and set(found) == set(known)
    for name, value in known.items():
        scale = float(expected[name].abs().max())
        torch.testing.assert_close(
            value, expected[name], rtol=1e-6, atol=1e-7 * scale + 1e-12, msg=lambda m, n=name: f"{n}: {m}"
        )


def check_update(method, expected):
    """Clipping per module at 0.5, Adam, batch-norm statistics."""
    optimiser = torch.optim.Adam(method.main_parameters(), lr=4e-4)
    norms = {name: torch.nn.utils.clip_grad_norm_(parameters, 0.5) for name, parameters in method.clip_groups().items()}
    close({GROUPS[name]: norm for name, norm in norms.items()}, under(expected, "gradnorm."))
    optimiser.step()
    after = by_released_name(method, {**dict(method.named_parameters()), **dict(method.named_buffers())})
    stored = {name: value for name, value in under(expected, "param_after.").items() if TEMPLATE not in f".{name}"}
    assert len(stored) > 150
    close({name: after[name] for name in stored}, stored, **SINGLE)
    statistics = under(expected, "bn_after.")
    close({name: after[name] for name in statistics}, statistics)


CPC_ORDER = {  # target, context
    "avt": ["av", "at", "vt", "va", "ta", "tv", "aa", "vv", "tt"],
    "av": ["va", "av", "vv", "aa"],
}


@pytest.mark.parametrize("setting", ["avt", "av"])
def test_forward_of_a_training_step(folder, inputs, setting):
    method, expected = (
        released(folder, f"{setting}_small_weights", setting).train(),
        load(folder, f"{setting}_small_train_step"),
    )
    x = semantic.inputs(method.encoder, inputs)
    z = {m: method.encoder(m, x[m]) for m in method.modalities}
    quantized = method.quantizer(z, torch.zeros(24), torch.zeros_like(method.quantizer.embedding))
    if "text" in x:
        close({"text_feature": x["text"]}, expected)
    close(
        {f"{kind}_{m[0]}": v for kind, each in (("z", z), ("q", quantized.straight)) for m, v in each.items()}, expected
    )
    projected = projections(method, x)
    close(projected, expected)
    for m in method.modalities:
        full = method._trimodal(m, z, quantized)
        close({f"full_{m[0]}": full, f"class_{m[0]}": method.classifiers[m](full)}, expected)
        if setting == "avt":  # the other file has no reconstructions
            rebuilt = method.decoders[m](
                method.merge[m](full), projected["video_spatial" if m == "video" else f"P_{m[0]}"]
            )
            close({f"xhat_{m[0]}": rebuilt}, expected, **(SINGLE if m == "video" else {}))
    check_cpc(method, z, expected, CPC_ORDER[setting])


def check_cpc(method, z, expected, order):
    t = int(expected["cpc_t"])
    predictions = {m: method.predictive(m, v, t) for m, v in z.items()}
    targets = {m: method.predictive.targets(v, t) for m, v in z.items()}
    close({"cpc_loss": cross_cpc(predictions, targets, 0.1, "predictions")}, expected)
    name = {m[0]: m for m in z}
    accuracies = torch.stack([accuracy_by_prediction(predictions[name[n]], targets[name[m]]) for m, n in order])
    close({"cpc_acc": accuracies}, expected, rtol=1e-6)


def test_dropout_draws(folder, inputs):
    """Masks are drawn in the released order: video, audio, text; sequence first."""
    method, expected = (
        released(folder, "avt_small_weights", "avt", dropout=0.1).train(),
        load(folder, "avt_small_train_dropout"),
    )
    torch.manual_seed(99)
    x = semantic.inputs(method.encoder, inputs)
    z = {m: method.encoder(m, x[m]) for m in method.modalities}
    close({f"z_{m[0]}": v for m, v in z.items()}, expected)
    quantized = method.quantizer(z, torch.zeros(24), torch.zeros(24, 96))
    close({f"full_{m[0]}": method._trimodal(m, z, quantized) for m in z}, expected)
    close({f"commit_{m[0]}": method._commitment(z, quantized)[f"commit_{m}"] for m in z}, expected)
    close({"cmcm_loss": 0.5 * method._code_matching(z, quantized)}, expected)


def test_audio_and_video_only(folder, inputs):
    method, expected = released(folder, "av_small_weights", "av"), load(folder, "av_small_train_step")
    method.eval()
    for m in ("video", "audio"):
        index = method.encode(m, features(inputs, m)).indices[..., 0]
        code = method.codebooks()[0][index]
        close({f"full_{m[0]}": code, f"q_{m[0]}": method.quantizer.part(code, m)}, under(expected, "eval."))
    method.train()
    # the sum of the counts was taken in float32
    close(buffers(method.quantizer), under(expected, "codebook_before."), rtol=1e-6)
    terms = step(method, inputs, int(expected["cpc_t"]))
    close(named_losses(terms.terms), expected)
    check_monitors(method, terms.monitors, expected)
    close(buffers(method.quantizer), under(expected, "codebook_after."))
    gradients = {n: p.grad.norm() for n, p in method.named_parameters() if p.grad is not None}
    found, norms = by_released_name(method, gradients), under(expected, "gradnorm_param.")
    assert all(TEMPLATE in f".{name}" or name in found or norms[name] == 0 for name in norms)
    close({name: found[name] for name in norms if name in found}, norms)
    totals = {
        GROUPS[name]: torch.nn.utils.get_total_norm([p.grad for p in group])
        for name, group in groups_of(method).items()
    }
    close(totals, under(expected, "gradnorm."))


def test_float32_stays_close_on_a_warm_codebook(folder, inputs):
    method, expected = (
        released(folder, "avt_small_weights", "avt").train().float(),
        load(folder, "avt_small_train_step"),
    )
    terms = step(method, inputs.to(torch.float32), int(expected["cpc_t"]))
    close(named_losses(terms.terms), expected, rtol=1e-4, atol=1e-5)
