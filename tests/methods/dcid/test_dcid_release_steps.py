"""DCID, `variant: release`: whole training steps of both released loops, in float64."""

import json

import torch

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
from tests.methods.reference import close, load


def train_step(method, batch, draws, optimisers):
    """The released loop's step; returns the loss terms, the likelihoods of the inner steps, and the clipped norms."""
    seen = []

    def fit(closure):
        for _ in range(method.inner_steps):
            for optimiser in optimisers[1:]:
                optimiser.zero_grad()
            loss = closure()
            seen.append(loss.detach())
            loss.backward()
            for optimiser in optimisers[1:]:
                optimiser.step()

    terms = method.loss(batch, draws, fit)
    optimisers[0].zero_grad()
    terms.total.backward()
    norms = {name: torch.nn.utils.clip_grad_norm_(parameters, 0.5) for name, parameters in method.clip_groups().items()}
    optimisers[0].step()
    return terms.terms, seen, norms


def make_optimisers(method):
    main = torch.optim.Adam(method.main_parameters(), lr=4e-4)
    return [main, *(torch.optim.Adam(net.parameters(), lr=1e-3) for net in method.clubs.values())]


TERMS = {**{f"recon_{m}": f"{m}_recon" for m in MODALITIES}, **{f"commit_{m}": f"{m}_commit" for m in MODALITIES}}
TERMS |= {**{f"club_{m}": f"mi_{m}" for m in MODALITIES}, "cpc": "cpc", "cmcm": "cmcm"}


def total(terms):
    return {"total": sum(terms.values()).detach()}


def test_two_training_steps(dcid, dcid_inputs):
    """Losses and gradient norms as the index of the reference files prints them."""
    index = json.loads((dcid / "index.json").read_text())["results_in_short"]
    expected = {k: torch.tensor(v, dtype=torch.float64) for k, v in index["step0 parts"].items()}
    method, warm = released(dcid).train(), load(dcid, "train_nodropout")
    set_buffers(method.quantizer, warm)
    optimisers, draws = make_optimisers(method), resetting(warm)
    step = Draws(dict.fromkeys(MODALITIES, PERMUTATION), 5, draws.reset, draws.noise)
    terms, _, norms = train_step(method, dcid_inputs, step, optimisers)
    close({TERMS[name]: value for name, value in terms.items()} | total(terms), expected)
    wanted = {
        "cpc": "cpc",
        "encoder": "encoder",
        "text": "text_lstm",
        "decoder": "decoder",
        **{f"club_{m}": f"club_{m}" for m in MODALITIES},
    }
    close({f"gradnorm_{wanted[name]}": norm for name, norm in norms.items()}, expected)
    second, _, _ = train_step(method, dcid_inputs, Draws(step.permutations, 5, **NO_RESET), optimisers)
    expected_total = {"total": torch.tensor(index["two steps: total loss"][1], dtype=torch.float64)}
    close(total(second), expected_total)


def test_six_forwards_per_batch(dcid, dcid_inputs):
    expected = load(dcid, "six_forward_step_2023_loop")
    method, warm = released(dcid, club_forwards="each").train(), load(dcid, "train_nodropout")
    set_buffers(method.quantizer, warm)
    method.quantizer.unactivated_count.zero_()
    draws = Draws(dict.fromkeys(MODALITIES, PERMUTATION), 5, **NO_RESET)
    terms, seen, _ = train_step(method, dcid_inputs, draws, make_optimisers(method))
    for n, loss in enumerate(seen, start=1):
        parts = sum(expected[f"negative_loglikelihood_{m}_{n}"] for m in MODALITIES)
        close({"loss": loss}, {"loss": parts})
    close({TERMS[name]: value for name, value in terms.items()} | total(terms), expected)
    close(buffers(method.quantizer, "_after_forward_6"), expected)
