"""Rendered sound: exact repeatability, level, silence outside events, independence of the picture."""

from dataclasses import replace

import numpy as np
import pytest

from cmg.synth import CorpusSpec, picture, sound
from cmg.synth.concepts import BY_NAME
from cmg.synth.plan import Event

SPEC = CorpusSpec(width=64, height=48, fps=2, seconds=3, defects=False)


def level(samples):
    """Root mean square in dBFS."""
    return 10 * np.log10(np.mean(samples**2) + 1e-20)


def test_repeatable(clip_of):
    clip = clip_of("a", "violin")
    samples, rate = sound.render(SPEC, clip)
    take = sound.draw_take(SPEC, clip)
    assert rate == take.rate and samples.shape == (take.channels, 3 * rate) and samples.dtype == np.float32
    assert np.array_equal(samples, sound.render(SPEC, clip)[0])
    assert not np.array_equal(samples[0][:100], sound.render(SPEC, replace(clip, clip_id="b"))[0][0][:100])
    assert not np.array_equal(samples[0][:100], sound.render(replace(SPEC, seed=1), clip)[0][0][:100])


@pytest.mark.parametrize("concept", BY_NAME)
def test_every_class_plays_at_its_level(clip_of, concept):
    clip = clip_of("a", concept)
    samples, _ = sound.render(SPEC, clip)
    assert np.isfinite(samples).all() and np.abs(samples).max() <= 1
    loudest = max(level(channel) for channel in samples)
    assert abs(loudest - sound.draw_tone(SPEC, clip, 0).level) < 1.5


@pytest.mark.parametrize("clip_id", ["a", "b", "c", "d"])
def test_heard_only_during_its_event(clip_of, clip_id):
    clip = clip_of(clip_id, "flute", span=(1, 2))
    samples, rate = sound.render(SPEC, clip)
    floor, _ = sound.render(SPEC, replace(clip, events=()))
    assert np.array_equal(samples[:, :rate], floor[:, :rate]) and np.array_equal(
        samples[:, 2 * rate :], floor[:, 2 * rate :]
    )
    assert level(samples[0, rate : 2 * rate]) > level(floor[0]) + 6


def test_some_recordings_are_digitally_silent(clip_of):
    clips = [replace(clip_of(f"{number}", "violin"), events=()) for number in range(60)]
    silent = [clip for clip in clips if sound.draw_take(SPEC, clip).floor is None]
    assert 2 <= len(silent) <= 20
    assert not sound.render(SPEC, silent[0])[0].any()


def test_what_is_only_seen_is_not_heard(clip_of):
    clip = replace(clip_of("a", "violin"), events=(Event("violin", None, (0, 3)),))
    assert np.array_equal(sound.render(SPEC, clip)[0], sound.render(SPEC, replace(clip, events=()))[0])


def test_rates_and_channels_vary(clip_of):
    takes = [sound.draw_take(SPEC, clip_of(f"{number}", "violin")) for number in range(40)]
    assert {take.rate for take in takes} == set(SPEC.sample_rates)
    assert {take.channels for take in takes} == {1, 2}


def test_nuisances_of_picture_and_sound_are_independent(clip_of):
    """Over 1000 clips no pair of draws correlates by more than chance allows (standard error 0.03)."""
    seen, heard = [], []
    for number in range(1000):
        clip = clip_of(f"clip {number}", "violin")
        scene, figure = picture.draw_scene(SPEC, clip), picture.draw_figure(SPEC, clip, 0)
        take, tone = sound.draw_take(SPEC, clip), sound.draw_tone(SPEC, clip, 0)
        light = [scene.brightness, scene.grain, *scene.colours[0], *scene.waves[0]]
        seen.append(
            [
                *light,
                *figure.hue_shift,
                figure.scale,
                figure.turn,
                *figure.centre,
                *figure.half,
                figure.outline,
                figure.phase,
            ]
        )
        level_of_floor = -80.0 if take.floor is None else take.floor
        play = [tone.pitch, tone.colour, tone.rate, tone.level, tone.phase]
        heard.append([take.rate, take.channels, level_of_floor, take.tilt, take.pan, *play])
    table = np.hstack([np.array(seen), np.array(heard)])
    assert (table.std(0) > 0).all()
    matrix = np.corrcoef(table.T)
    assert np.abs(matrix[: len(seen[0]), len(seen[0]) :]).max() < 0.15
