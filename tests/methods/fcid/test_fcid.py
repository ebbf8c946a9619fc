"""FCID, `variant: paper`: what the loss is made of, switches, draws, masks, encoding, learning."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from cmg.methods import build
from cmg.methods.fcid.config import FCIDConfig
from cmg.methods.types import Batch, Draws

TERMS = [
    "recon_video",
    "recon_audio",
    "recon_text",
    "commit",
    "club_audio",
    "club_video",
    "club_text",
    "club_audiovisual",
    "cpc",
    "infonce",
]

RESET = Draws(reset=torch.zeros(12))


def make(small, **options):
    torch.manual_seed(0)
    return build("fcid", {**small, "dropout": 0.0, **options}).train()


def step(method, batch, fit=lambda closure: None, seed=0):
    return method.loss(batch, method.draw(torch.Generator().manual_seed(seed), batch.size, batch.seconds), fit)


def test_terms_sum_to_the_total(small, batch):
    terms = step(make(small), batch)
    assert sorted(terms.terms) == sorted(TERMS)
    assert terms.total.item() == pytest.approx(sum(v.item() for v in terms.terms.values()), rel=1e-6)
    assert all(not v.requires_grad for v in terms.monitors.values())


@pytest.mark.parametrize("variant", FCIDConfig.VARIANTS)
@pytest.mark.parametrize(
    "name", ["club_audio", "club_video", "club_audiovisual", "club_text", "recon", "commit", "cpc", "infonce", "cmcm"]
)
def test_losses_switch_off_one_by_one(small, batch, variant, name):
    full = set(step(make(small, variant=variant, losses={"cmcm": True}), batch).terms)
    rest = set(step(make(small, variant=variant, losses={"cmcm": True, name: False}), batch).terms)
    assert {t for t in full - rest if t == name or t.startswith(f"{name}_")} == full - rest != set()


@pytest.mark.parametrize(
    "off", [{"club": False}, {f"club_{n}": False for n in ("audio", "video", "audiovisual", "text")}]
)
def test_without_club_nothing_is_fitted(small, batch, off):
    method = make(small, losses=off)
    assert method.variational_parameters() == []
    calls = []
    step(method, batch, calls.append)
    assert calls == []


def test_club_nets_are_fitted_between_codebook_and_terms_on_detached_features(small, batch):
    method, seen = make(small), []

    def fit(closure):
        seen.append(method.quantizer.hits.sum().item())
        closure().backward()

    step(method, batch, fit)
    assert seen == [4 * 4 * 5]  # four streams, four clips, five seconds: the codebook has been updated
    assert all(p.grad is None for p in method.main_parameters())
    assert all(p.grad is not None for p in method.variational_parameters())


def test_commitment_and_reconstruction_written_out(small, batch):
    """Eq. 18 in NumPy from the features and codes of the step."""
    method = make(small)
    x = method(batch, RESET)
    own = {n: (seen.detach().numpy(), x.quantized.hard[n].numpy()) for n, seen in x.seen.items()}
    expected = 0.25 * sum(np.mean((seen - code) ** 2) for seen, code in own.values())
    assert method._commitment(x.seen, x.quantized).item() == pytest.approx(expected, rel=1e-5)
    terms = method.reconstruction(batch, x)
    merged, code = x.coarse["audiovisual"].specific, x.quantized.straight["audiovisual"]
    rebuilt = method.decoders.audio(torch.cat([code, merged], dim=-1), x.specific["audio"])
    assert terms["recon_audio"].item() == pytest.approx(
        np.mean((rebuilt.detach() - batch.audio).numpy() ** 2), rel=1e-5
    )
    words = np.stack([t[m].mean(axis=0) for t, m in zip(batch.text.numpy(), batch.text_mask.numpy(), strict=True)])
    text = method.decoders.text(x.quantized.straight["text"][:, 0], x.coarse["text"].specific[:, 0]).detach().numpy()
    assert terms["recon_text"].item() == pytest.approx(np.mean((text - words) ** 2), rel=1e-5)


def test_infonce_written_out(small, batch):
    """Eq. 16 in both directions, averaged over the fused input and each modality alone, on time means."""
    method = make(small, tau=0.7)
    seen = method(batch, RESET).seen
    means = {n: x.mean(dim=1).detach().numpy() for n, x in seen.items()}
    unit = {n: x / np.linalg.norm(x, axis=1, keepdims=True) for n, x in means.items()}

    def nce(query, key):
        scores = np.exp(unit[query] @ unit[key].T / 0.7)
        return -np.mean(np.log(np.diag(scores) / scores.sum(axis=1)))

    expected = sum(nce(n, "text") + nce("text", n) for n in ("audiovisual", "video", "audio")) / 3
    assert method._infonce(seen).item() == pytest.approx(expected, rel=1e-5)


def assert_coarse(method, group, x, stream):
    """P(x), Phi_c(P(x)) and Psi_c(P(x)): a linear layer, and two layers with a ReLU between them, shared by group."""

    def linear(layer, x):
        return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()

    def mlp(net, x):
        return linear(net.layers[2], np.maximum(linear(net.layers[0], x), 0))

    projected = linear(method.encoder.project[group], x)
    expected = {"projected": projected, "general": mlp(method.encoder.general[group], projected)}
    expected["specific"] = mlp(method.coarse_specific[group], projected)
    for part, value in expected.items():
        np.testing.assert_allclose(getattr(stream, part).detach().numpy(), value, rtol=1e-4, atol=1e-5)


def test_audiovisual_stream_is_the_coarse_encoding_of_the_mean(small, batch):
    """Eq. 14 with the stated input, and Eq. 17: each code is the nearest of its own second."""
    method = make(small)
    x = method(batch, RESET)
    fine, streams = x.fine, x.coarse
    assert list(x.seen) == ["audiovisual", "video", "audio", "text"]
    merged = (fine["audio"] + fine["video"]).detach().numpy() / 2
    for name, f in {
        "audiovisual": merged,
        "video": fine["video"].detach().numpy(),
        "audio": fine["audio"].detach().numpy(),
    }.items():
        assert_coarse(method, "audiovisual", f, streams[name])
    words = [f[m].mean(axis=0) for f, m in zip(fine["text"].detach().numpy(), batch.text_mask.numpy(), strict=True)]
    assert_coarse(method, "text", np.repeat(np.stack(words)[:, None], batch.seconds, axis=1), streams["text"])
    for name, seen in x.seen.items():
        distance = np.linalg.norm(seen.detach().numpy()[:, :, None] - x.quantized.codebook.numpy(), axis=-1)
        assert np.array_equal(x.quantized.indices[name].numpy(), distance.argmin(axis=-1))


def test_padding_does_not_change_the_loss(small, batch):
    noisy = Batch(batch.audio, batch.video, torch.where(batch.text_mask[..., None], batch.text, 5.0), batch.text_mask)
    left, right = step(make(small), batch), step(make(small), noisy)
    torch.testing.assert_close(left.total, right.total)


def test_same_draws_same_numbers(small, batch):
    runs = []
    for _ in range(2):
        method = make(small, dropout=0.3)
        terms = step(method, batch)
        terms.total.backward()
        runs.append((terms.total.item(), [p.grad.clone() for p in method.parameters() if p.grad is not None]))
    assert runs[0][0] == runs[1][0]
    assert all(torch.equal(a, b) for a, b in zip(runs[0][1], runs[1][1], strict=True))


@pytest.mark.parametrize("variant", FCIDConfig.VARIANTS)
def test_gradients_are_finite_and_reach_every_module(small, batch, variant):
    method = make(small, variant=variant)
    step(method, batch).total.backward()
    none = {n for n, p in method.named_parameters() if p.grad is None}
    inert = {n for n in none if n.startswith(("encoder.pool.affine", "encoder.pool.ave"))}
    assert none == inert and bool(inert) == (variant == "release")
    assert all(torch.isfinite(p.grad).all() for p in method.parameters() if p.grad is not None)


def test_autocast_keeps_codebook_and_losses_in_float32(small, batch):
    method = make(small)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = step(method, batch, lambda closure: closure().backward())
    assert {v.dtype for v in terms.terms.values()} == {torch.float32}
    assert method.quantizer.embedding.dtype == torch.float32
    terms.total.backward()


def test_draws(small):
    method = make(small, cpc_horizon=2)
    g = torch.Generator().manual_seed(3)
    draws = [method.draw(g, 4, 5) for _ in range(60)]
    assert {d.cpc_step for d in draws} == {0, 1, 2}  # t in (0, T - R], 0-based
    assert all(sorted(d.permutations["audio"].tolist()) == [0, 1, 2, 3] for d in draws)
    assert draws[0].reset.shape == (12,)
    released = make(small, variant="release")
    assert {released.draw(g, 4, 10).cpc_step for _ in range(90)} == set(range(1, 9))
    with pytest.raises(ValueError, match="CPC needs a context and a target"):
        method.draw(g, 4, 2)


def test_encoding_changes_nothing_and_needs_one_modality(small, batch):
    method = make(small).eval()
    before = {k: v.clone() for k, v in method.state_dict().items()}
    audio, video = method.encode("audio", batch.audio), method.encode("video", batch.video)
    text = method.encode("text", batch.text, batch.text_mask)
    assert audio.indices.shape == video.indices.shape == (4, 5, 1)
    assert text.indices.shape == (4, 1, 1) and text.indices.dtype == torch.int64
    assert all(torch.equal(v, before[k]) for k, v in method.state_dict().items())
    assert torch.equal(method.encode("audio", batch.audio[1:2]).indices, audio.indices[1:2])


def test_parameter_groups_are_disjoint_and_complete(small):
    method = make(small)
    groups = [id(p) for ps in method.clip_groups().values() for p in ps]
    assert len(groups) == len(set(groups)) == len(list(method.parameters()))
    assert len(method.main_parameters()) + len(method.variational_parameters()) == len(groups)


def test_configuration():
    assert (FCIDConfig().cpc_layers, FCIDConfig(variant="release").cpc_layers) == (1, 2)
    assert FCIDConfig(variant="release", cpc_layers=None).cpc_layers == 2
    assert FCIDConfig(variant="release", tau=0.5).tau == 0.5
    assert FCIDConfig(variant="release").cmcm and not FCIDConfig().cmcm
    for bad in ({"codebok_size": 3}, {"losses": {"clup": False}}, {"variant": "paper2"}):
        with pytest.raises(ValidationError):
            FCIDConfig(**bad)
    assert PAPER.keys() == RELEASE.keys()


PAPER, RELEASE = FCIDConfig.VARIANTS["paper"], FCIDConfig.VARIANTS["release"]


@pytest.mark.parametrize(("option", "value"), [(k, v) for k, v in RELEASE.items() if v != PAPER[k]])
def test_every_option_works_alone(small, batch, option, value):
    wide = {**small, "specific_channels": 16}
    changed, default = (step(make(wide, losses={"cmcm": True}, **extra), batch) for extra in ({option: value}, {}))
    assert torch.isfinite(changed.total)
    # these change later codes, or distances of zero
    later = {"quantizer", "smooth_counts", "reset", "reset_after", "cmcm_protected"}
    if option != "club_floor":  # which changes a negative bound alone
        # the axis of another estimate
        assert (changed.total.item() == default.total.item()) == (option in {*later, "club_clip_axis"})


@pytest.mark.parametrize(("variant", "weight"), [("paper", 1.0), ("release", 0.5)])
def test_weight_of_code_matching_is_a_factor(small, batch, variant, weight):
    options = {**small, "variant": variant, "losses": {"cmcm": True}}
    default, double = (step(make(options, **extra), batch).terms["cmcm"].item() for extra in ({}, {"cmcm_weight": 2.0}))
    assert default > 0 and double == pytest.approx(2.0 / weight * default, rel=1e-6)


@pytest.mark.parametrize("modalities", ["avt", "av", "vt", "at"])
def test_either_flow_goes_with_the_options_of_either_variant(small, batch, modalities):
    """What the codebook sees in training is the flow's, whatever the variant: seconds, or clips; encoding is of
    seconds."""
    for flow, seconds in {"paper": 5, "release": 5 if modalities == "av" else 1}.items():
        for variant in FCIDConfig.VARIANTS:
            method = make(small, modalities=modalities, variant=variant, flow=flow)
            assert torch.isfinite(step(method, batch).total)
            assert {x.shape[1] for x in method(batch, RESET).seen.values()} == {seconds}
            name = method.modalities[0]
            assert method.encode(name, getattr(batch, name)).indices.shape == (4, 5, 1)
