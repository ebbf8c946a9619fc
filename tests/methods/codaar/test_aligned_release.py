"""CoDAAR's codebooks against the released quantizer, step by step, in float64."""

import copy

import pytest
import torch

from cmg.methods import build
from cmg.methods.codaar.keys import merged_counts
from cmg.methods.codaar.segments import segment_contrast
from tests.methods.reference import close, load, under

FILES = [
    "quantizer_avt_fresh",
    "quantizer_avt_warm",
    "quantizer_av_fresh",
    "quantizer_av_warm",
    "quantizer_avt_deadcode",
]
UNIFORM = torch.zeros(24, dtype=torch.float64)


def make(modalities):
    """CoDAAR with the codebook of the reference files: K = 24, D = 8."""
    sizes = {
        "codebook_size": 24,
        "embedding_dim": 8,
        "heads": 2,
        "feedforward": 8,
        "specific_channels": 4,
        "decoder_channels": 4,
    }
    return build("codaar", {"variant": "release", "modalities": modalities, **sizes}).double().train()


def set_buffers(quantizer, before):
    state = merged_counts({f"Cross_quantizer.{name}": value for name, value in before.items()})
    for name, value in state.items():
        getattr(quantizer, name.split(".")[1]).copy_(value)


def buffers(quantizer):
    counts = {f"ema_count_{m[0]}": row for m, row in zip(quantizer.streams, quantizer.ema_count, strict=True)}
    names = {name: getattr(quantizer, name) for name in ("embedding", "ema_weight", "unactivated_count")}
    return {**names, **counts, "ema_count": quantizer.ema_count.sum(dim=0)}


def draws(arrays, width=24):
    """The draws that make the released reset's choices."""
    uniform, noise = UNIFORM.clone(), torch.zeros(24, width, dtype=torch.float64)
    if "dead_rows" in arrays:
        uniform[arrays["dead_rows"]] = (arrays["picked_position_in_active"].double() + 0.5) / len(arrays["active_rows"])
        noise[arrays["dead_rows"]] = arrays["noise_rows"]
    return uniform, noise


@pytest.mark.parametrize("file", FILES)
def test_steps(reference, file):
    arrays = load(reference / "golden" / "codaar", file)
    steps = len({key.split("/")[0] for key in arrays if key.startswith("step")})
    method = make("avt" if "avt" in file else "av")
    set_buffers(method.quantizer, under(arrays, "step0/before."))
    for step in range(steps):
        expected = under(arrays, f"step{step}/") | {"unreset": arrays.get("after_csa_before_reset")}
        check_step(method, expected, *draws(arrays, method.quantizer.embedding.shape[1]))
    assert steps == {"fresh": 5, "warm": 3, "deadcode": 1}[file.split("_")[-1]]


def check_step(method, expected, uniform, noise):
    quantizer = method.quantizer
    z = {m: expected[f"z_{m[0]}"].requires_grad_() for m in method.modalities}
    aligned_only = copy.deepcopy(quantizer)
    aligned_only.cascade, aligned_only.reset_after = "off", 10**6
    aligned_only(z, uniform, noise)
    quantized = quantizer(z, uniform, noise)
    close({f"idx_{m[0]}": quantized.indices[m] for m in z}, expected)
    close({f"q_{m[0]}": quantized.straight[m] for m in z}, expected)
    close({f"full_{m[0]}": method._trimodal(m, z, quantized) for m in z}, expected)
    close(buffers(quantizer), under(expected, "after."))
    close({"e0": aligned_only.embedding}, expected)
    check_losses(method, z, quantized, expected)


def check_losses(method, z, quantized, expected):
    commits = method._commitment(z, quantized)
    losses = {f"commit_{m[0]}": commits[f"commit_{m}"] for m in z}
    losses["cmcm_loss"] = 0.5 * method._code_matching(z, quantized)
    close(losses, expected)
    monitors = method._monitors(quantized)
    before_reset = expected["unreset"] is not None  # where the release computes it
    segment = segment_contrast(expected["unreset"].chunk(len(z), dim=1)) if before_reset else monitors["segment"]
    close({"equal_num": monitors["agreement"], "segment_loss": segment}, expected)
    # ours is a float32 monitor
    close({f"perplexity_{m[0]}": monitors[f"perplexity_{m}"] for m in z}, expected, rtol=1e-6)
    for name, loss in losses.items():
        wanted = [m for m in z if f"grad_{name}__z_{m[0]}" in expected]
        found = (
            torch.autograd.grad(loss, [z[m] for m in wanted], retain_graph=True, materialize_grads=True)
            if wanted
            else ()
        )
        close({f"grad_{name}__z_{m[0]}": g for m, g in zip(wanted, found, strict=True)}, expected)


def test_a_reset_row_reverts_in_the_next_step(reference):
    arrays = load(reference / "golden" / "codaar", "quantizer_avt_deadcode")
    method = make("avt")
    set_buffers(method.quantizer, under(arrays, "step0/before."))
    z = {m: arrays[f"step0/z_{m[0]}"] for m in method.modalities}
    method.quantizer(z, *draws(arrays))
    dead = arrays["dead_rows"]
    moved = method.quantizer.embedding[dead].clone()
    unreset = arrays["after_csa_before_reset"][dead]
    assert (moved - unreset).norm(dim=1).min() > 1
    method.quantizer(z, UNIFORM, torch.zeros(24, 24, dtype=torch.float64))
    torch.testing.assert_close(method.quantizer.embedding[dead], unreset, rtol=0.02, atol=0.02)
