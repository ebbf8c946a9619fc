"""DCID, `variant: release`, against numbers made by the released code, in float64."""

import json

import pytest
import torch

from cmg.methods import build
from cmg.methods.base import Batch, Draws
from cmg.methods.dcid_keys import CLUBS, CPC, DECODER, ENCODER, TEXT
from cmg.methods.fcid_keys import own_names
from cmg.quantizers.sequential import SequentialEMA
from tests.methods.reference import close, load, under

FILES = {"state_encoder": ENCODER, "state_text_lstm": TEXT, "state_decoder": DECODER, "state_cpc": CPC}
FILES |= {f"state_club_{m}": table for m, table in CLUBS.items()}
MODALITIES = ("audio", "video", "text")
PERMUTATION = torch.tensor([2, 0, 3, 1])
BUFFERS = ("embedding", "ema_count", "ema_weight", "unactivated_count")
NO_RESET = {"reset": torch.zeros(400, dtype=torch.float64), "noise": torch.zeros(400, 256, dtype=torch.float64)}


@pytest.fixture
def folder(reference):
    return reference / "golden" / "dcid"


@pytest.fixture
def inputs(folder):
    x = load(folder, "inputs")
    return Batch(x["audio"], x["video"], x["words"], torch.ones(x["words"].shape[:2], dtype=torch.bool))


@pytest.fixture
def make(folder):
    """make(**options) -> the released model with the stored weights and codebook, without dropout."""

    def build_it(**options):
        method = build("dcid", {"variant": "release", "specific_channels": 64, "dropout": 0.0, **options}).double()
        state = {k: v for name, table in FILES.items() for k, v in own_names(load(folder, name), table).items()}
        result = method.load_state_dict(state, strict=False)
        assert result.missing_keys == ["quantizer.hits"] and not result.unexpected_keys
        set_buffers(method.quantizer, {f"{n}_before": v for n, v in under(load(folder, "eval"), "").items() if n in BUFFERS})
        return method

    return build_it


def set_buffers(quantizer, arrays):
    for name in BUFFERS:
        if f"{name}_before" in arrays:
            getattr(quantizer, name).copy_(arrays[f"{name}_before"])


def buffers(quantizer, suffix="_after"):
    return {f"{name}{suffix}": getattr(quantizer, name) for name in BUFFERS}


def encoded_values(method, encoded):
    """One forward under the names of the reference files."""
    hard, indices = encoded.quantized.hard, encoded.quantized.indices
    found = {"text_feature": encoded.x["text"], "video_specific_map": encoded.specific["video"]}
    found |= {f"{m}_specific": encoded.specific[m] for m in ("audio", "text")}
    found |= {"video_specific_club": method._club_pairs(encoded)["video"][1]}
    found |= {f"{m}_semantic": encoded.z[m] for m in MODALITIES} | {f"{m}_vq": hard[m] for m in MODALITIES}
    found |= {f"{m}_indices": indices[m] for m in MODALITIES}
    found |= {name.replace("commit_", "") + "_commit": loss for name, loss in method._commitment(encoded).items()}
    return found | {"cmcm": 0.5 * method._code_matching(encoded)}


def resetting(arrays):
    """The draws that make the released reset's choices, as far as the file records them."""
    uniform, noise = NO_RESET["reset"].clone(), NO_RESET["noise"].clone()
    if "reset_source_rows" in arrays:
        idle = torch.where(used(arrays), 0, arrays["unactivated_count_before"] + 1)
        active = torch.nonzero((idle >= 0) & (idle < 100)).flatten()
        position = torch.searchsorted(active, arrays["reset_source_rows"])
        uniform[arrays["reset_rows"]] = (position.double() + 0.5) / len(active)
        noise[arrays["reset_rows"]] = arrays["reset_noise"]
    return Draws(reset=uniform, noise=noise)


def used(arrays):
    chosen = torch.cat([arrays[f"{m}_indices"].flatten() for m in MODALITIES])
    return torch.bincount(chosen, minlength=400) > 0


def test_evaluation_forward(make, folder, inputs):
    method, expected = make().eval(), load(folder, "eval")
    set_buffers(method.quantizer, expected)
    encoded = method._encode(inputs, Draws(**NO_RESET))
    close(encoded_values(method, encoded), expected)
    close({f"{m}_vq_downstream": encoded.quantized.straight[m] for m in MODALITIES}, expected)
    kept = torch.ones(400, dtype=torch.bool)
    kept[expected["reset_rows"]] = False  # their sources are not recorded
    after = buffers(method.quantizer)
    close({"embedding": after.pop("embedding_after")[kept]}, {"embedding": expected["embedding_after"][kept]})
    close(after, expected)
    table = method.codebooks()[0]
    for m in MODALITIES:
        features = inputs.text if m == "text" else getattr(inputs, m)
        set_buffers(method.quantizer, expected)
        index = method.encode(m, features).indices[..., 0]
        close({f"{m}_indices": index, f"{m}_vq": table[index]}, expected)


def test_training_forward_updates_the_codebook_and_resets(make, folder, inputs):
    method, expected = make().train(), load(folder, "train_nodropout")
    set_buffers(method.quantizer, expected)
    encoded = method._encode(inputs, resetting(expected))
    close(encoded_values(method, encoded), expected)
    close(buffers(method.quantizer), expected)
    found = {f"{m}_recon_loss": loss for m, loss in zip(MODALITIES, reconstruction(method, encoded), strict=True)}
    decoders = load(folder, "decoder")
    close(found, decoders)
    straight = encoded.quantized.straight
    rebuilt = {m: method.decoders[m](straight[m], encoded.specific[m]) for m in MODALITIES}
    close({f"{m}_reconstruction": rebuilt[m] for m in ("audio", "text")}, decoders)
    close({"video_reconstruction_first_sample": rebuilt["video"][:1]}, decoders, rtol=1e-6, atol=1e-7)
    close({f"{m}_class_logits": method.classifiers[m](straight[m]) for m in MODALITIES}, decoders)


def reconstruction(method, encoded):
    terms = method._reconstruction(encoded)
    return [terms[f"recon_{m}"] for m in MODALITIES]


def test_club(make, folder, inputs):
    method, expected = make().train(), load(folder, "club")
    pairs = method._club_pairs(method._encode(inputs, Draws(**NO_RESET)))
    draws = Draws({m: PERMUTATION for m in MODALITIES})
    for m, (x, y) in ((m, (x.detach(), y.detach())) for m, (x, y) in pairs.items()):
        mu, logvar = method.clubs[m](x)
        close({f"{m}_mu": mu, f"{m}_logvar": logvar}, expected)
        close({f"{m}_loglikelihood": method.clubs[m].log_likelihood(x, y), f"{m}_mi_estimate": method._club(m, x, y, draws)}, expected)
        optimiser, seen = torch.optim.Adam(method.clubs[m].parameters(), lr=1e-3), []
        for _ in range(5):
            optimiser.zero_grad()
            loss = -method.clubs[m].log_likelihood(x, y)
            loss.backward()
            optimiser.step()
            seen.append(loss.detach())
        close({f"{m}_negative_loglikelihood_5_adam_steps": torch.stack(seen)}, expected, rtol=1e-8)
        close({f"{m}_mi_estimate_after_5_steps": method._club(m, x, y, draws)}, expected, rtol=1e-7, atol=1e-10)


def test_cross_cpc_at_every_step(make, folder, inputs):
    method, expected = make().eval(), load(folder, "cpc")
    z = {m: load(folder, "train_nodropout")[f"{m}_semantic"] for m in MODALITIES}
    for t in range(1, 9):
        close({f"loss_t{t}": method._cpc(z, t)}, expected)


def test_codebook_from_the_official_start(folder):
    expected = load(folder, "quantizer_fresh_init")
    quantizer = SequentialEMA(400, 256, MODALITIES).double().train()
    quantizer.embedding.copy_(expected["embedding_before"])
    quantizer.ema_weight.copy_(expected["embedding_before"])
    z = {m: expected[f"{m}_semantic"] for m in MODALITIES}
    for n in (1, 2, 3):
        quantizer(z, NO_RESET["reset"], NO_RESET["noise"])
        close(buffers(quantizer, f"_after_{n}"), expected, rtol=1e-9)


def test_two_modalities(make, folder):
    expected, warm = load(folder, "quantizer_audio_video_only"), load(folder, "train_nodropout")
    method = build("dcid", {"variant": "release", "modalities": "av", "specific_channels": 4, "decoder_channels": 4}).double().train()
    set_buffers(method.quantizer, warm)
    method.quantizer.unactivated_count.zero_()
    z = {m: warm[f"{m}_semantic"] for m in ("audio", "video")}
    quantized = method.quantizer(z, NO_RESET["reset"], NO_RESET["noise"])
    encoded = type("E", (), {"z": z, "quantized": quantized})
    close({name.split("_")[1] + "_commit": v for name, v in method._commitment(encoded).items()}, expected)
    close({"cmcm": 0.5 * method._code_matching(encoded), **{f"{m}_vq": quantized.hard[m] for m in z}}, expected)
    close(buffers(method.quantizer), expected)


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


def test_two_training_steps(make, folder, inputs):
    """Losses and gradient norms as the index of the reference files prints them."""
    index = json.loads((folder / "index.json").read_text())["results_in_short"]
    expected = {k: torch.tensor(v, dtype=torch.float64) for k, v in index["step0 parts"].items()}
    method, warm = make().train(), load(folder, "train_nodropout")
    set_buffers(method.quantizer, warm)
    optimisers, draws = make_optimisers(method), resetting(warm)
    step = Draws(dict.fromkeys(MODALITIES, PERMUTATION), 5, draws.reset, draws.noise)
    terms, _, norms = train_step(method, inputs, step, optimisers)
    close({TERMS[name]: value for name, value in terms.items()} | total(terms), expected, rtol=1e-8)
    wanted = {
        "cpc": "cpc",
        "encoder": "encoder",
        "text": "text_lstm",
        "decoder": "decoder",
        **{f"club_{m}": f"club_{m}" for m in MODALITIES},
    }
    close({f"gradnorm_{wanted[name]}": norm for name, norm in norms.items()}, expected, rtol=1e-7)
    second, _, _ = train_step(method, inputs, Draws(step.permutations, 5, **NO_RESET), optimisers)
    expected_total = {"total": torch.tensor(index["two steps: total loss"][1], dtype=torch.float64)}
    close(total(second), expected_total, rtol=1e-6)


def test_six_forwards_per_batch(make, folder, inputs):
    expected = load(folder, "six_forward_step_2023_loop")
    method, warm = make(club_forwards="each").train(), load(folder, "train_nodropout")
    set_buffers(method.quantizer, warm)
    method.quantizer.unactivated_count.zero_()
    draws = Draws(dict.fromkeys(MODALITIES, PERMUTATION), 5, **NO_RESET)
    terms, seen, _ = train_step(method, inputs, draws, make_optimisers(method))
    for n, loss in enumerate(seen, start=1):
        parts = sum(expected[f"negative_loglikelihood_{m}_{n}"] for m in MODALITIES)
        close({"loss": loss}, {"loss": parts}, rtol=1e-8)
    close({TERMS[name]: value for name, value in terms.items()} | total(terms), expected, rtol=1e-8)
    close(buffers(method.quantizer, "_after_forward_6"), expected, rtol=1e-9)


def test_float32_stays_close_on_a_warm_codebook(make, folder, inputs):
    method, expected = make().eval(), load(folder, "eval")
    set_buffers(method.quantizer, expected)
    found = encoded_values(method.float(), method._encode(inputs.to(torch.float32), Draws(**NO_RESET)))
    close(found, expected, rtol=1e-4, atol=1e-4)


def test_number_of_encoder_parameters():
    """As counted for the release, whose temporal modules also hold an untrained template layer of 789,760 parameters each."""
    with torch.device("meta"):
        method = build("dcid", {"variant": "release"})
    modules = (method.encoder.pool, method.encoder.temporal, method.specific, method.video_projection)
    assert sum(p.numel() for module in modules for p in module.parameters()) == 80_123_649 - 3 * 789_760
