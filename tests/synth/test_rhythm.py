"""Envelopes stay between zero and one and repeat at their rate; an unknown rhythm is named."""

import numpy as np
import pytest

from cmg.synth.concepts import CONCEPTS
from cmg.synth.rhythm import envelope, melody

TIME = np.arange(16000) / 8000


@pytest.mark.parametrize("rhythm", sorted({concept.voice.rhythm for concept in CONCEPTS}))
def test_envelope(rhythm):
    loudness = envelope(rhythm, 4.0, 0.3, TIME)
    assert loudness.min() >= 0 and loudness.max() <= 1 and loudness.std() > 0.01
    if rhythm != "sustain":
        assert np.allclose(loudness[:2000], loudness[2000:4000], atol=2e-3)


def test_unknown_rhythm():
    with pytest.raises(ValueError, match="unknown rhythm 'polka': expected pluck, strike"):
        envelope("polka", 1.0, 0.0, TIME)


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda concept: concept.name)
def test_melody_stays_within_an_octave(concept):
    octaves = melody(concept.voice, 1.0, 0.2, TIME, np.random.default_rng(0))
    assert octaves.shape == TIME.shape and np.abs(octaves).max() < 1
