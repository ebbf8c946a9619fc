"""What DCID and CoDAAR have in common: objective, switches, draws, masks, settings, encoding, configuration."""

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from cmg.methods import build, config_class

METHODS = ("dcid", "codaar")
LOSSES = {
    "dcid": ("club_audio", "club_video", "club_text", "recon", "commit", "cpc", "cmcm"),
    "codaar": ("recon", "commit", "cpc", "cmcm"),
}
SWITCHES = [(name, loss) for name in METHODS for loss in LOSSES[name]]
CHANGED = [
    (name, option, value)
    for name in METHODS
    for option, value in config_class(name).VARIANTS["release"].items()
    if value != config_class(name).VARIANTS["paper"][option]
    and option not in ("mask_text", "classes", "reset", "kept_by", "mixing")
]


def make(name, small, **options):
    torch.manual_seed(0)
    return build(name, {**small, "text_hidden": 4, "dropout": 0.0, **options}).train()


def step(method, batch, fit=lambda closure: None, seed=0):
    if not method.config.mask_text:  # one word slot per second
        batch = replace(batch, text=batch.text[:, : batch.seconds], text_mask=batch.text_mask[:, : batch.seconds])
    return method.loss(batch, method.draw(torch.Generator().manual_seed(seed), batch.size, batch.seconds), fit)


def groups_of(terms, loss):
    return {name for name in terms if name == loss or name.startswith(f"{loss}_")}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("variant", ["paper", "release"])
@pytest.mark.parametrize("modalities", ["avt", "av"])
def test_terms_sum_to_the_total_and_gradients_are_finite(small, batch, name, variant, modalities):
    method = make(name, small, variant=variant, modalities=modalities)
    terms = step(method, batch)
    assert terms.total.item() == pytest.approx(sum(v.item() for v in terms.terms.values()), rel=1e-6)
    assert set(terms.terms) == set().union(*(groups_of(terms.terms, loss) for loss in LOSSES[name]))
    assert any("text" in t for t in terms.terms) == (modalities == "avt")
    assert all(not v.requires_grad for v in terms.monitors.values())
    terms.total.backward()
    none = {n for n, p in method.named_parameters() if p.grad is None}
    unused = {n for n in none if n.startswith(("encoder.pool.affine", "encoder.pool.ave", "classifiers."))}
    assert none == unused and bool(none) == (variant == "release")
    assert all(torch.isfinite(p.grad).all() for p in method.parameters() if p.grad is not None)


@pytest.mark.parametrize(("name", "loss"), SWITCHES)
def test_losses_switch_off_one_by_one(small, batch, name, loss):
    full, rest = (set(step(make(name, small, losses=losses), batch).terms) for losses in ({}, {loss: False}))
    assert full - rest == groups_of(full, loss) != set()


@pytest.mark.parametrize(("name", "option", "value"), CHANGED)
def test_every_option_works_alone(small, batch, name, option, value):
    value = value["avt"] if isinstance(value, dict) else value
    batch = batch.to(torch.float64)
    changed, default = (
        step(make(name, small | {"specific_channels": 16}, **extra).double(), batch) for extra in ({option: value}, {})
    )
    assert torch.isfinite(changed.total)
    same_loss = {
        "quantizer",
        "detach_text_target",
        "smooth_counts",
        "cmcm_protected",
        "club_floor",  # of bounds that are positive here
    }  # these change gradients, or the codes of the next step
    assert (changed.total.item() == default.total.item()) == (option in same_loss)


@pytest.mark.parametrize("name", METHODS)
def test_padding_does_not_change_the_loss(small, batch, name):
    noisy = replace(batch, text=torch.where(batch.text_mask[..., None], batch.text, 5.0))
    torch.testing.assert_close(step(make(name, small), noisy).total, step(make(name, small), batch).total)
    released = [step(make(name, small, variant="release"), x).total.item() for x in (noisy, batch)]
    assert released[0] != released[1]


@pytest.mark.parametrize("name", METHODS)
def test_a_detached_text_target_keeps_the_bilstm_out_of_its_own_target(small, batch, name):
    only = {loss: loss == "recon" for loss in LOSSES[name]}
    gradients = []
    for detach in (True, False):
        method = make(name, small, losses=only, detach_text_target=detach)
        step(method, batch).total.backward()
        gradients.append(method.encoder.text.lstm.weight_ih_l0.grad.clone())
    assert not torch.allclose(*gradients)


@pytest.mark.parametrize("name", METHODS)
def test_same_draws_same_numbers(small, batch, name):
    runs = [step(make(name, small, dropout=0.3), batch).total.item() for _ in range(2)]
    assert runs[0] == runs[1] != step(make(name, small, dropout=0.3), batch, seed=1).total.item()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("variant", ["paper", "release"])
def test_autocast_keeps_codebook_and_losses_in_float32(small, batch, name, variant):
    method = make(name, small, variant=variant)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = step(method, batch, lambda closure: closure().backward())
    assert {v.dtype for v in terms.terms.values()} == {torch.float32}
    assert method.quantizer.embedding.dtype == torch.float32
    terms.total.backward()


@pytest.mark.parametrize("name", METHODS)
def test_draws(small, name):
    g = torch.Generator().manual_seed(3)
    paper, released = make(name, small), make(name, small, variant="release")
    horizon = paper.config.cpc_horizon
    assert {paper.draw(g, 4, 5).cpc_step for _ in range(60)} == set(range(5 - horizon))
    assert {released.draw(g, 4, 10).cpc_step for _ in range(90)} == set(range(1, 9))
    assert (
        paper.draw(g, 4, 5).noise is None and released.draw(g, 4, 10).noise.shape == released.quantizer.embedding.shape
    )
    assert paper.draw(g, 4, 5).reset.shape == (12,)
    with pytest.raises(ValueError, match="CPC needs a context and a target"):
        paper.draw(g, 4, 1)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("variant", ["paper", "release"])
def test_encoding_changes_nothing_and_needs_one_modality(small, batch, name, variant):
    method = make(name, small, variant=variant).eval()
    before = {k: v.clone() for k, v in method.state_dict().items()}
    codes = {
        m: method.encode(m, getattr(batch, m), batch.text_mask if m == "text" else None).indices
        for m in ("audio", "video", "text")
    }
    assert codes["audio"].shape == codes["video"].shape == (4, 5, 1) and codes["text"].shape == (4, 6, 1)
    assert codes["text"].dtype == torch.int64
    assert method.encode("video", batch.video, level="clip").indices.shape == (4, 1, 1)
    assert all(torch.equal(v, before[k]) for k, v in method.state_dict().items())
    assert torch.equal(method.encode("audio", batch.audio[1:2]).indices, codes["audio"][1:2])
    table = method.codebooks()[0]
    assert table.shape == (12, 8 if name == "dcid" else 24) and len(method.codebooks()) == 1


@pytest.mark.parametrize("name", METHODS)
def test_text_belongs_to_the_trimodal_setting(small, batch, name):
    method = make(name, small, modalities="av").eval()
    with pytest.raises(ValueError, match="unknown modality 'text'"):
        method.encode("text", batch.text)
    assert method.codebooks()[0].shape[1] == (8 if name == "dcid" else 16)


@pytest.mark.parametrize("name", METHODS)
def test_parameter_groups_are_disjoint_and_complete(small, name):
    method = make(name, small, variant="release")
    groups = [id(p) for ps in method.clip_groups().values() for p in ps]
    assert len(groups) == len(set(groups)) == len(list(method.parameters()))
    assert len(method.main_parameters()) + len(method.variational_parameters()) == len(groups)


@pytest.mark.parametrize("name", METHODS)
def test_health_counts_every_choice_once(small, batch, name):
    method = make(name, small)
    step(method, batch)
    health = method.health()
    assert sum(health[f"shared/{n}"] for n in range(4)) == pytest.approx(1)
    assert all(1 <= health[f"perplexity/{m}"] <= 12 for m in ("audio", "video", "text"))


@pytest.mark.parametrize("name", METHODS)
def test_configuration(name):
    config, official = config_class(name), 400 if name == "dcid" else 800
    assert config().codebook_size == official and config().variant == "paper" and config().layers == 2
    assert config(variant="release").cpc_layers == 2 and config(variant="release", cpc_layers=None).cpc_layers == 2
    assert config(variant="release", cpc_layers=3).cpc_layers == 3
    for bad in ({"codebok_size": 3}, {"losses": {"clup": False}}, {"variant": "paper2"}, {"modalities": "vt"}):
        with pytest.raises(ValidationError):
            config(**bad)
    assert config.VARIANTS["paper"].keys() == config.VARIANTS["release"].keys()
