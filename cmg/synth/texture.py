"""Textures of the foreground objects: scalar fields in 0..1 over object coordinates (u to the right, v down, in frame
heights)."""

from collections.abc import Callable

import numpy as np

from cmg.synth.concepts import Look

TWO_PI = np.float32(2 * np.pi)


def pattern(look: Look, scale: float, turn: float, u: np.ndarray, v: np.ndarray, phase: float) -> np.ndarray:
    """The texture of `look`, finer by `scale`, turned by `turn` degrees and moved on by `phase` periods; [h, w] float32
    in 0..1."""
    angle = np.deg2rad(look.angle + turn)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along = np.float32(look.periods * scale) * (cosine * u + sine * v)
    across = np.float32(look.periods * scale) * (cosine * v - sine * u)
    value = TEXTURES[look.texture](along, across, np.float32(phase))
    return np.clip(0.5 + 0.5 * np.tanh(3 * value), 0, 1)


def _stripes(along: np.ndarray, across: np.ndarray, phase: np.float32) -> np.ndarray:
    return np.sin(TWO_PI * (along + phase))


def _checks(along: np.ndarray, across: np.ndarray, phase: np.float32) -> np.ndarray:
    return 1.5 * np.sin(TWO_PI * (along / 2 + phase)) * np.sin(TWO_PI * across / 2)


def _dots(along: np.ndarray, across: np.ndarray, phase: np.float32) -> np.ndarray:
    return np.cos(TWO_PI * (along + phase)) + np.cos(TWO_PI * across) - np.float32(0.6)


def _rings(along: np.ndarray, across: np.ndarray, phase: np.float32) -> np.ndarray:
    return np.sin(TWO_PI * (np.hypot(along, across) - phase))


def _zigzag(along: np.ndarray, across: np.ndarray, phase: np.float32) -> np.ndarray:
    return np.sin(TWO_PI * (along + phase + np.abs(across % 2 - 1)))


TEXTURES: dict[str, Callable[[np.ndarray, np.ndarray, np.float32], np.ndarray]] = {
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "rings": _rings,
    "zigzag": _zigzag,
}
