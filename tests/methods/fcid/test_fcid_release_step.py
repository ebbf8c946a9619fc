"""FCID, `variant: release`: one training step against numbers made by the released code, in float64."""

import pytest
import torch

from cmg.methods.fcid.keys import CPC, DECODER, ENCODER
from cmg.methods.keys import TEMPLATE, own_names
from cmg.methods.types import Draws
from tests.methods.fcid.test_fcid_release import EXACT, UNIFORM, compare, forward


def released_step(method, batch, draws, record):
    """The released step: forward, five Adam steps per CLUB net, backward, clipping per module, Adam; records what it
    sees."""
    inner = {name: torch.optim.Adam(net.parameters(), lr=1e-3) for name, net in method.clubs.items()}
    main = torch.optim.Adam(method.main_parameters(), lr=4e-4)

    def fit(closure):
        for _ in range(method.inner_steps):
            for optimiser in inner.values():
                optimiser.zero_grad()
            closure().backward()
            for optimiser in inner.values():
                optimiser.step()
        record["club_after_inner"] = {k: v.clone() for k, v in method.clubs.state_dict().items()}

    terms = method.loss(batch, draws, fit)
    terms.total.backward()
    groups = method.clip_groups()
    record["gradients"] = {n: None if p.grad is None else p.grad.norm() for n, p in method.named_parameters()}
    record["clip"] = {
        name: torch.nn.utils.clip_grad_norm_([p for p in ps if p.grad is not None], 0.5) for name, ps in groups.items()
    }
    main.step()
    return terms


MODULES = {"Encoder": ENCODER, "Decoder": DECODER, "CPC": CPC}


def own_name(name):
    """Our name of '<module>/<released name>'; None for the template layers, which we do not have."""
    module, key = name[: name.index("/")], name[name.index("/") + 1 :]
    return None if TEMPLATE in key else next(iter(own_names({key: 0}, MODULES[module])))


def test_one_training_step(released, golden, golden_batch):
    expected, record = golden("train_step"), {}
    method = released(dropout=0.0).train()
    clubs = ("video", "audio", "text", "audiovisual")
    draws = Draws({n: expected[f"perm_{n}"] for n in clubs}, int(expected["cpc_t"]), UNIFORM)
    terms = released_step(method, golden_batch, draws, record).terms
    check_losses({name: value.detach() for name, value in terms.items()}, expected)
    for key, value in expected.items():
        if key.startswith("club_after_inner/"):
            torch.testing.assert_close(
                record["club_after_inner"][key.split("/", 1)[1].replace("/", ".")], value, **EXACT
            )
    compare({"embedding_after": method.quantizer.embedding}, expected)
    check_gradients(record, expected)
    check_parameters(method, expected)


def own_losses(terms):
    """Our terms as the release adds them up: (part, kind) -> value. Its fine commitment and code matching are always
    zero."""
    fine, coarse = (
        sum(v for k, v in terms.items() if k.startswith("recon_") and ("coarse" in k) == c) for c in (False, True)
    )
    zero = torch.zeros((), dtype=torch.float64)
    found = {
        ("fine", "recon"): fine,
        ("coarse", "recon"): coarse,
        ("fine", "commit"): zero,
        ("coarse", "commit"): terms["commit"],
    }
    found |= {
        ("fine", "cmcm"): zero,
        ("coarse", "cmcm"): terms["cmcm"],
        ("", "cpc"): terms["cpc"],
        ("", "infonce"): terms["infonce"],
    }
    found |= {(m, "club"): terms[f"club_{m}"] for m in ("audiovisual", "audio", "video", "text")}
    return found | {("", "total"): sum(terms.values())}


KINDS = {
    "total": "total",
    "recon": "recon",
    "emb": "commit",
    "commit": "commit",
    "cmcm": "cmcm",
    "cpc": "cpc",
    "nce": "infonce",
}


def loss_key(stored):
    """(part, kind) of a stored name, as `own_losses` has them, or None; what is none of the other kinds is a CLUB term,
    of an input."""
    stored = stored.lower().replace("_", "")
    kind = next((kind for word, kind in KINDS.items() if word in stored), "club")
    if kind == "club":
        part = next((m for m in ("audiovisual", "audio", "video", "text") if m in stored), None)
        return part and (part, kind)
    if kind not in ("recon", "commit", "cmcm"):
        return "", kind
    return next(((part, kind) for part in ("fine", "coarse") if part in stored), None)


def check_losses(terms, expected):
    """Every stored loss equals ours: by name where the name tells them apart, the others by size; the released total is
    float32."""
    found, keys = own_losses(terms), [loss_key(str(name)) for name in expected["loss_names"]]
    total = found.pop(("", "total"))
    at = int((expected["losses"] - total).abs().argmin())
    torch.testing.assert_close(expected["losses"][at], total, rtol=1e-6, atol=0)
    rest = []
    for n, (key, value) in enumerate(zip(keys, expected["losses"], strict=True)):
        if n != at and key in found and keys.count(key) == 1:
            torch.testing.assert_close(found.pop(key), value, **EXACT, msg=lambda m, k=key: f"{k}: {m}")
        elif n != at:
            rest.append(value)
    assert len(rest) == len(found)
    if rest:
        torch.testing.assert_close(
            torch.stack(list(found.values())).sort().values, torch.stack(rest).sort().values, **EXACT
        )


def test_losses_are_compared_by_name():
    names = [
        "recon_video",
        "recon_audio",
        *(f"recon_coarse_{m}" for m in ("video", "audio", "text")),
        "commit",
        "cmcm",
        "cpc",
        "infonce",
    ]
    names += [f"club_{m}" for m in ("audio", "video", "text", "audiovisual")]
    terms = {name: torch.tensor(float(2**n), dtype=torch.float64) for n, name in enumerate(names)}
    stored = {
        "fine_recon": 3,
        "coarse_recon": 28,
        "fine_embedding": 0,
        "coarse_embedding": 32,
        "fine_cmcm": 0,
        "coarse_cmcm": 64,
    }
    stored |= {
        "mi_audio": 512,
        "mi_video": 1024,
        "mi_text": 2048,
        "mi_audiovisual": 4096,
        "cpc": 128,
        "infonce": 256,
        "total": 8191,
    }
    losses = torch.tensor(list(stored.values()), dtype=torch.float64)
    check_losses(terms, {"loss_names": list(stored), "losses": losses})
    swapped = {**terms, "club_audio": terms["club_video"], "club_video": terms["club_audio"]}
    with pytest.raises(AssertionError, match="audio"):
        check_losses(swapped, {"loss_names": list(stored), "losses": losses})
    unnamed = [str(n) for n in range(len(stored))]
    check_losses(terms, {"loss_names": unnamed, "losses": losses})
    with pytest.raises(AssertionError):
        check_losses({**terms, "cpc": terms["cpc"] + 1}, {"loss_names": unnamed, "losses": losses})


def check_gradients(record, expected):
    for name, norm in zip(expected["grad_names"], expected["grad_norm_before_clip"], strict=True):
        own = own_name(name)
        if own is None:
            assert norm == -1
            continue
        found = record["gradients"][own]  # none where the release has an exact zero: the inert spatial attention
        torch.testing.assert_close(torch.zeros_like(norm) if found is None else found, norm, rtol=1e-10, atol=1e-12)
    for module in ("cpc", "encoder", "decoder"):
        norm = next(
            n
            for name, n in zip(expected["clip_order"], expected["clip_total_norm"], strict=True)
            if module in name.lower()
        )
        torch.testing.assert_close(record["clip"][module], norm, rtol=1e-10, atol=1e-12)


def check_parameters(method, expected):
    """Where a gradient is zero, its rounding (1e-15) over Adam's epsilon (1e-8) moves a bias by some 1e-11, and sums
    add up 256 of them."""
    parameters = dict(method.named_parameters())
    for name, value in zip(expected["param_names"], expected["param_sum_after"], strict=True):
        if own := own_name(name):
            torch.testing.assert_close(
                parameters[own].detach().sum(), value, rtol=1e-10, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}"
            )
    for key in (k for k in expected if k.startswith("after/")):
        torch.testing.assert_close(
            parameters[own_name(key.removeprefix("after/"))].detach(), expected[key], rtol=1e-10, atol=1e-10
        )


def test_club_estimates_before_any_inner_step(released, golden, golden_batch):
    expected = golden("train_step")
    method = released(dropout=0.0).eval()
    for name, (x, y) in method.clubs.taken(forward(method, golden_batch)[1].pairs).items():
        draws = Draws({name: expected[f"perm_before_{name}"]})
        torch.testing.assert_close(
            method.clubs.bound(name, x, y, draws).detach(), expected[f"club_before_{name}"], **EXACT
        )
        torch.testing.assert_close(
            method.clubs[name].log_likelihood(x, y).detach(), expected[f"loglik_{name}"][0], **EXACT
        )


def test_the_step_runs_without_reference_values(released, golden_batch):
    """The step above on the reference weights: every trainable parameter but the inert attention moves."""
    method, record = released(dropout=0.0).train(), {}
    before = {n: p.detach().clone() for n, p in method.named_parameters()}
    generator = torch.Generator().manual_seed(0)
    released_step(method, golden_batch, method.draw(generator, 4, 10), record)
    still = {n for n, p in method.named_parameters() if torch.equal(p, before[n])}
    assert still == {
        f"encoder.pool.{n}.{p}"
        for n in ("affine_video_ave", "affine_video_self", "ave_v_att")
        for p in ("weight", "bias")
    }
