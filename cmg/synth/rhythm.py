"""Rhythm and melody of a sound: amplitude over time and pitch in octaves over time. Axis: n samples."""

import numpy as np

from cmg.synth.concepts import Voice

SCALE = np.array([0, 2, 4, 7, -3]) / 12
DECAYS = {"pluck": 3.5, "strike": 2.0, "click": 14.0}


def envelope(rhythm: str, rate: float, phase: float, time: np.ndarray) -> np.ndarray:
    """Amplitude 0..1 for each instant of `time` (seconds); `rate` is in hertz, `phase` in periods."""
    turn = rate * time + phase
    part = turn % 1
    if rhythm in DECAYS:
        return np.exp(-DECAYS[rhythm] * part) * np.minimum(1, part / (rate * 0.004))
    if rhythm == "sustain":
        return 0.85 + 0.15 * np.sin(2 * np.pi * 0.4 * time + 2 * np.pi * phase)
    if rhythm == "tremolo":
        return 0.7 + 0.3 * np.sin(2 * np.pi * turn)
    if rhythm == "chop":
        return (0.5 + 0.5 * np.cos(2 * np.pi * turn)) ** 2
    if rhythm == "gate":
        return 0.1 + 0.9 * np.sin(np.pi * np.minimum(1, part / 0.7)) ** 2
    if rhythm == "bark":
        return np.sin(np.pi * np.minimum(1, part / 0.45)) ** 0.5 * np.exp(-2 * part)
    if rhythm == "roll":
        return 0.55 + 0.2 * np.sin(2 * np.pi * turn) + 0.25 * np.exp(-20 * part)
    raise ValueError(
        f"unknown rhythm {rhythm!r}: expected pluck, strike, click, sustain, tremolo, chop, gate, bark or roll"
    )


def melody(voice: Voice, rate: float, phase: float, time: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pitch in octaves around the fundamental: a note per beat for struck strings, vibrato for bowed ones, glides for
    the rest."""
    if voice.rhythm in ("pluck", "strike"):
        beat = np.floor(voice.rate * rate * time + phase).astype(np.int64)
        return SCALE[rng.integers(len(SCALE), size=beat[-1] + 1)][beat]
    if voice.rhythm == "sustain":
        note = np.floor(0.8 * rate * time + phase).astype(np.int64)
        steps = SCALE[rng.integers(len(SCALE), size=note[-1] + 1)]
        return steps[note] + 0.02 * np.sin(2 * np.pi * voice.rate * time)
    beats = voice.rate * rate if voice.rhythm in ("gate", "bark") else 0.5 * rate
    return 0.5 * voice.glide * np.sin(2 * np.pi * (beats * time + phase))
