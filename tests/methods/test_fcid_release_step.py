"""FCID, `variant: release`: one training step against numbers made by the released code, in float64."""

import pytest
import torch

from cmg.methods.base import Draws
from cmg.methods.fcid_keys import CPC, DECODER, ENCODER, TEMPLATE, own_names
from tests.methods.test_fcid_release import EXACT, UNIFORM, compare, forward


def released_step(method, batch, draws, record):
    """The released step: forward, five Adam steps per CLUB net, backward, clipping per module, Adam; records what it sees."""
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
    record["clip"] = {name: torch.nn.utils.clip_grad_norm_([p for p in ps if p.grad is not None], 0.5) for name, ps in groups.items()}
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
            torch.testing.assert_close(record["club_after_inner"][key.split("/", 1)[1].replace("/", ".")], value, **EXACT)
    compare({"embedding_after": method.quantizer.embedding}, expected)
    check_gradients(record, expected)
    check_parameters(method, expected)


def own_losses(terms):
    """Our terms as the release adds them up: (part, kind) -> value. Its fine commitment and code matching are always zero."""
    fine, coarse = (sum(v for k, v in terms.items() if k.startswith("recon_") and ("coarse" in k) == c) for c in (False, True))
    zero = torch.zeros((), dtype=torch.float64)
    found = {("fine", "recon"): fine, ("coarse", "recon"): coarse, ("fine", "commit"): zero, ("coarse", "commit"): terms["commit"]}
    found |= {("fine", "cmcm"): zero, ("coarse", "cmcm"): terms["cmcm"], ("", "cpc"): terms["cpc"], ("", "infonce"): terms["infonce"]}
    found |= {(m, "club"): terms[f"club_{m}"] for m in ("audiovisual", "audio", "video", "text")}
    return found | {("", "total"): sum(terms.values())}


KINDS = {"total": "total", "recon": "recon", "emb": "commit", "commit": "commit", "cmcm": "cmcm", "cpc": "cpc", "nce": "infonce"}


def loss_name(stored):
    """(part, kind) of a stored name, as `own_losses` has them; what is none of the other kinds is a CLUB term, of an input."""
    kind = next((kind for word, kind in KINDS.items() if word in stored), "club")
    if kind == "club":
        return next(m for m in ("audiovisual", "audio", "video", "text") if m in stored), kind
    return ("fine" if "fine" in stored or stored.startswith("f_") else "coarse") if kind in ("recon", "commit", "cmcm") else "", kind


def check_losses(terms, expected):
    """Every stored loss equals ours of the same name; the release rounds its total to float32."""
    stored = dict(zip(map(loss_name, expected["loss_names"]), expected["losses"], strict=True))
    found = own_losses(terms)
    torch.testing.assert_close(found.pop(("", "total")), stored.pop(("", "total")), rtol=1e-6, atol=0)
    assert found.keys() == stored.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, stored[name], **EXACT, msg=lambda m, n=name: f"{n}: {m}")


def test_losses_are_compared_by_name():
    names = ["recon_video", "recon_audio", *(f"recon_coarse_{m}" for m in ("video", "audio", "text")), "commit", "cmcm", "cpc", "infonce"]
    names += [f"club_{m}" for m in ("audio", "video", "text", "audiovisual")]
    terms = {name: torch.tensor(float(2**n), dtype=torch.float64) for n, name in enumerate(names)}
    stored = {"fine_recon": 3, "coarse_recon": 28, "fine_embedding": 0, "coarse_embedding": 32, "fine_cmcm": 0, "coarse_cmcm": 64}
    stored |= {"mi_audio": 512, "mi_video": 1024, "mi_text": 2048, "mi_audiovisual": 4096, "cpc": 128, "infonce": 256, "total": 8191}
    losses = torch.tensor(list(stored.values()), dtype=torch.float64)
    check_losses(terms, {"loss_names": list(stored), "losses": losses})
    swapped = {**terms, "club_audio": terms["club_video"], "club_video": terms["club_audio"]}
    with pytest.raises(AssertionError, match="audio"):
        check_losses(swapped, {"loss_names": list(stored), "losses": losses})


def check_gradients(record, expected):
    for name, norm in zip(expected["grad_names"], expected["grad_norm_before_clip"], strict=True):
        own = own_name(name)
        if own is None:
            assert norm == -1
            continue
        found = record["gradients"][own]  # none where the release has an exact zero: the inert spatial attention
        torch.testing.assert_close(torch.zeros_like(norm) if found is None else found, norm, rtol=1e-10, atol=1e-12)
    for module in ("cpc", "encoder", "decoder"):
        norm = next(n for name, n in zip(expected["clip_order"], expected["clip_total_norm"], strict=True) if module in name.lower())
        torch.testing.assert_close(record["clip"][module], norm, rtol=1e-10, atol=1e-12)


def check_parameters(method, expected):
    """Adam divides a gradient of zero, all rounding, by its own size: such a bias moves by 1e-12, and sums add up to 256 of them."""
    parameters = dict(method.named_parameters())
    for name, value in zip(expected["param_names"], expected["param_sum_after"], strict=True):
        if own := own_name(name):
            torch.testing.assert_close(parameters[own].detach().sum(), value, rtol=1e-10, atol=1e-10, msg=lambda m, n=name: f"{n}: {m}")
    for key in (k for k in expected if k.startswith("after/")):
        torch.testing.assert_close(parameters[own_name(key.removeprefix("after/"))].detach(), expected[key], **EXACT)


def test_club_estimates_before_any_inner_step(released, golden, golden_batch):
    expected = golden("train_step")
    method = released(dropout=0.0).eval()
    _, fine, streams, _ = forward(method, golden_batch)
    specific = {"audio": method.audio_specific(golden_batch.audio), "video": method.video_specific(golden_batch.video)}
    for name, (x, y) in method._club_pairs(fine, specific, streams).items():
        draws = Draws({name: expected[f"perm_before_{name}"]})
        torch.testing.assert_close(method._club(name, x, y, draws).detach(), expected[f"club_before_{name}"], **EXACT)
        torch.testing.assert_close(method.clubs[name].log_likelihood(x, y).detach(), expected[f"loglik_{name}"][0], **EXACT)


def test_the_step_runs_without_reference_values(released, golden_batch):
    """The step above on the reference weights: every trainable parameter but the inert attention moves."""
    method, record = released(dropout=0.0).train(), {}
    before = {n: p.detach().clone() for n, p in method.named_parameters()}
    generator = torch.Generator().manual_seed(0)
    released_step(method, golden_batch, method.draw(generator, 4, 10), record)
    still = {n for n, p in method.named_parameters() if torch.equal(p, before[n])}
    assert still == {f"encoder.pool.{n}.{p}" for n in ("affine_video_ave", "affine_video_self", "ave_v_att") for p in ("weight", "bias")}
