"""Class signal: plain histograms and spectra, averaged per class, recognise held-out clips; shuffled labels give
chance."""

from dataclasses import replace

import numpy as np
import pytest

from cmg.synth import CorpusSpec, picture, sound

SPEC = CorpusSpec(width=64, height=48, fps=1, seconds=3, defects=False)
CONCEPTS = ("violin", "acoustic guitar", "helicopter", "flute", "race car", "table tennis")
TRAIN, TEST = range(12), range(12, 20)


def colours(clip):
    """Histogram [5 x 5 x 5] of what the object adds to the frames."""
    frames = picture.render(SPEC, clip)
    object_pixels = frames[(frames != picture.render(SPEC, replace(clip, events=()))).any(-1)]
    cells = (object_pixels // 52).astype(int) @ (25, 5, 1)
    return np.sqrt(np.bincount(cells, minlength=125) / len(cells))


def spectrum(clip):
    """Mean log spectrum [24] in bands of equal width in octaves, without its level."""
    samples, rate = sound.render(SPEC, clip)
    blocks = samples[0][: len(samples[0]) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
    power = np.mean(np.abs(np.fft.rfft(blocks)) ** 2, axis=0)
    edges = np.geomspace(60, 7600, 25)
    hertz = np.fft.rfftfreq(1024, 1 / rate)
    bands = np.interp(np.sqrt(edges[1:] * edges[:-1]), hertz, np.log(power + 1e-9))
    return bands - bands.mean()


def accuracy(features, labels, training):
    """Nearest class mean; features [clips, D], labels and training mask [clips]; `labels` of test clips are the true
    ones."""
    means = np.stack([features[training & (labels == label)].mean(0) for label in range(len(CONCEPTS))])
    distance = ((features[~training, None] - means) ** 2).sum(-1)
    return np.mean(distance.argmin(1) == labels[~training])


@pytest.mark.parametrize("describe", [colours, spectrum])
def test_held_out_clips_are_recognised(describe, clip_of):
    cases = [(label, number) for label in range(len(CONCEPTS)) for number in (*TRAIN, *TEST)]
    features = np.stack([describe(clip_of(f"{CONCEPTS[label]} {number}", CONCEPTS[label])) for label, number in cases])
    labels = np.array([label for label, _ in cases])
    training = np.array([number in TRAIN for _, number in cases])
    assert accuracy(features, labels, training) > 0.6
    rng = np.random.default_rng(0)
    shuffled = [accuracy(features, _shuffle(labels, training, rng), training) for _ in range(20)]
    assert abs(np.mean(shuffled) - 1 / len(CONCEPTS)) < 0.08


def test_backgrounds_do_not_tell_the_class(clip_of):
    """The mean colour and the noise floor of clips without their event recognise nothing."""
    cases = [(label, number) for label in range(len(CONCEPTS)) for number in (*TRAIN, *TEST)]
    clips = [replace(clip_of(f"{CONCEPTS[label]} {number}", "violin"), events=()) for label, number in cases]
    features = np.stack([picture.render(SPEC, clip).mean((0, 1, 2)) for clip in clips])
    labels, training = np.array([label for label, _ in cases]), np.array([number in TRAIN for _, number in cases])
    assert accuracy(features, labels, training) < 0.4


def _shuffle(labels, training, rng):
    """Labels with those of the training clips permuted."""
    result = labels.copy()
    result[training] = rng.permutation(labels[training])
    return result
