"""From `variant: release` one option at a time towards the paper: steps stay finite, or the configuration says what is
needed besides."""

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from cmg.methods import build, config_class

METHODS = ("fcid", "dcid", "codaar", "micu")
UNPROTECTED = {("fcid", "codebook_start"), ("dcid", "codebook_start")}


def as_paper(name):
    """The options in which the release differs, with the paper's values."""
    paper, release = (config_class(name).VARIANTS[variant] for variant in ("paper", "release"))
    return {k: v["avt"] if isinstance(v, dict) else v for k, v in paper.items() if v != release[k]}


CHANGED = [(name, option, value) for name in METHODS for option, value in as_paper(name).items()]


def make(name, small, **options):
    torch.manual_seed(0)
    return build(name, {**small, "specific_channels": 16, "dropout": 0.0, "variant": "release", **options}).train()


def assert_steps_are_finite(method, batch):
    generator = torch.Generator().manual_seed(0)
    if not method.config.mask_text:  # one word slot per second
        batch = replace(batch, text=batch.text[:, : batch.seconds], text_mask=batch.text_mask[:, : batch.seconds])
    for _ in range(3):
        method.zero_grad()
        terms = method.loss(
            batch, method.draw(generator, batch.size, batch.seconds), lambda closure: closure().backward()
        )
        terms.total.backward()
        assert all(torch.isfinite(value) for value in terms.terms.values())
        assert all(torch.isfinite(p.grad).all() for p in method.parameters() if p.grad is not None)


@pytest.mark.parametrize(("name", "option", "value"), [case for case in CHANGED if case[:2] not in UNPROTECTED])
def test_every_option_works_alone(small, batch, name, option, value):
    assert_steps_are_finite(make(name, small, **{option: value}), batch)


@pytest.mark.parametrize(("name", "places"), [("fcid", "code_places"), ("dcid", "places")])
def test_codes_on_features_need_a_protected_distance(small, batch, name, places):
    """A code on a feature is at distance zero, where the square root has no gradient."""
    with pytest.raises(ValidationError, match="cmcm_protected: true"):
        make(name, small, codebook_start="batch")
    for more in ({"cmcm_protected": True}, {places: "means"}, {"losses": {"cmcm": False}}):
        assert_steps_are_finite(make(name, small, codebook_start="batch", **more), batch)


def test_codaar_needs_it_where_codes_are_not_cascaded(small, batch):
    options = {"codebook_start": "batch", "cascade": "off"}
    with pytest.raises(ValidationError, match="cmcm_protected: true"):
        make("codaar", small, **options)
    assert_steps_are_finite(make("codaar", small, cmcm_protected=True, **options), batch)
