"""Textures are fields in 0..1 that differ by kind, move with the phase and refine with the scale."""

from dataclasses import replace

import numpy as np
import pytest

from cmg.synth.concepts import CONCEPTS
from cmg.synth.texture import TEXTURES, pattern

V, U = (np.mgrid[-24:24, -32:32] / 48).astype(np.float32)


@pytest.mark.parametrize("texture", TEXTURES)
def test_field(texture):
    look = replace(CONCEPTS[0].look, texture=texture)
    field = pattern(look, 1.0, 0.0, U, V, 0.0)
    assert field.shape == (48, 64) and field.min() >= 0 and field.max() <= 1 and field.std() > 0.2
    assert np.abs(field - pattern(look, 1.0, 0.0, U, V, 0.5)).mean() > 0.1
    assert np.abs(field - pattern(look, 2.0, 0.0, U, V, 0.0)).mean() > 0.1
    turned = np.abs(field - pattern(look, 1.0, 20.0, U, V, 0.0)).mean()
    assert turned < 1e-5 if texture == "rings" else turned > 0.05


def test_all_textures_are_used_and_differ():
    assert {concept.look.texture for concept in CONCEPTS} == set(TEXTURES)
    fields = [pattern(replace(CONCEPTS[0].look, texture=texture), 1.0, 0.0, U, V, 0.1) for texture in TEXTURES]
    for number, one in enumerate(fields):
        assert all(np.abs(one - other).mean() > 0.1 for other in fields[:number])
