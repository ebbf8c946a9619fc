"""Rendered frames: exact repeatability, nothing of the class outside its event, and a class signal that held-out clips
share."""

from dataclasses import astuple, replace

import numpy as np
import pytest

from cmg.synth import CorpusSpec, picture
from cmg.synth.concepts import BY_NAME
from cmg.synth.plan import Event

SPEC = CorpusSpec(width=64, height=48, fps=2, seconds=3, defects=False)


def difference(one, other):
    return np.abs(one.astype(int) - other.astype(int)).reshape(len(one), -1).mean(1)


def test_repeatable(clip_of):
    clip = clip_of("a", "violin")
    frames = picture.render(SPEC, clip)
    assert frames.shape == (6, 48, 64, 3) and frames.dtype == np.uint8
    assert np.array_equal(frames, picture.render(SPEC, clip))
    assert not np.array_equal(frames, picture.render(SPEC, replace(clip, clip_id="b")))
    assert not np.array_equal(frames, picture.render(replace(SPEC, seed=1), clip))


@pytest.mark.parametrize("concept", ["violin", "helicopter", "skateboarding"])
def test_object_is_there_only_during_its_event(clip_of, concept):
    clip = clip_of("a", concept, span=(1, 2))
    change = difference(picture.render(SPEC, clip), picture.render(SPEC, replace(clip, events=())))
    assert (change[:2] == 0).all() and (change[4:] == 0).all()
    assert (change[2:4] > 5).all()


def test_what_is_only_heard_is_not_seen(clip_of):
    clip = clip_of("a", "violin")
    heard = replace(clip, events=(Event("violin", (0, 3), None),))
    assert np.array_equal(picture.render(SPEC, heard), picture.render(SPEC, replace(clip, events=())))
    seen = replace(clip, events=(Event("violin", None, (0, 3)),))
    assert np.array_equal(picture.render(SPEC, seen), picture.render(SPEC, clip))


def test_the_picture_moves(clip_of):
    frames = picture.render(replace(SPEC, fps=4), clip_of("a", "race car"))
    assert (difference(frames[1:], frames[:-1]) > 0.5).all()


def test_clips_of_a_scene_share_their_background_colours(clip_of):
    one, other = replace(clip_of("a", "violin"), scene="s"), replace(clip_of("b", "violin"), scene="s")
    first, second = picture.draw_scene(SPEC, one), picture.draw_scene(SPEC, other)
    assert (first.colours, first.waves) == (second.colours, second.waves)
    assert first.brightness != second.brightness
    assert picture.draw_scene(SPEC, clip_of("a", "violin")).colours != first.colours


def test_every_class_can_be_drawn_at_odd_shapes(clip_of):
    tall = replace(SPEC, width=32, height=96, fps=1)
    for concept in BY_NAME:
        assert picture.render(tall, clip_of("a", concept)).std() > 1


def test_draws_do_not_depend_on_the_class(clip_of):
    one, other = clip_of("a", "violin"), clip_of("a", "dog")
    assert astuple(picture.draw_figure(SPEC, one, 0)) == astuple(picture.draw_figure(SPEC, other, 0))
    assert astuple(picture.draw_scene(SPEC, one)) == astuple(picture.draw_scene(SPEC, other))


def test_a_still_is_a_frame_of_the_film(clip_of):
    clip = clip_of("a", "race car")
    frames = picture.render(SPEC, clip)
    assert all(np.array_equal(picture.still(SPEC, clip, second), frames[second * SPEC.fps]) for second in range(3))


def test_a_mask_is_where_the_object_is_painted(clip_of):
    clip = clip_of("a", "violin", span=(1, 2))
    changed = (picture.still(SPEC, clip, 1) != picture.still(SPEC, replace(clip, events=()), 1)).any(-1)
    covered = picture.mask(SPEC, clip, 1)
    assert covered.any() and not (changed & ~covered).any() and (changed & covered).sum() > 0.95 * covered.sum()
    assert not picture.mask(SPEC, clip, 0).any()


def test_a_mask_shows_only_what_sounds_in_its_second(clip_of):
    dog, violin = Event("dog", (1, 2), (0, 3)), Event("violin", (0, 1), (0, 3))
    clip = replace(clip_of("a", "violin"), events=(violin, dog), beside=True)
    alone = [
        replace(clip, events=(violin, replace(dog, visual=None))),
        replace(clip, events=(replace(violin, visual=None), dog)),
    ]
    for second in (0, 1):
        assert np.array_equal(picture.mask(SPEC, clip, second), picture.mask(SPEC, alone[second], second))
        assert picture.mask(SPEC, clip, second).any()
    assert not picture.mask(SPEC, clip, 2).any()


def test_objects_side_by_side_do_not_hide_each_other(clip_of):
    clip = replace(
        clip_of("a", "violin"), events=(Event("violin", (0, 3), (0, 3)), Event("dog", (0, 3), (0, 3))), beside=True
    )
    alone = [
        replace(clip, events=(replace(clip.events[0], visual=None), clip.events[1])),
        replace(clip, events=clip.events[:1]),
    ]
    first, second = (picture.mask(SPEC, one) for one in alone)
    assert (first & second).sum() < 0.1 * min(first.sum(), second.sum())
