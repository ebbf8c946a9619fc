"""Captions say what the draws of picture and sound say: classes, side, size, pitch, loudness."""

from dataclasses import replace

import numpy as np
import pytest

from cmg.synth import CorpusSpec, captions, picture, plan, sound
from cmg.synth.plan import Event

SPEC = CorpusSpec(width=64, height=48, fps=2, seconds=4, defects=False)


@pytest.fixture
def two(clip_of):
    """Two classes: heard in turn, seen side by side."""

    def make(clip_id, one="violin", other="acoustic guitar"):
        events = (Event(one, (0, 2), (0, 4)), Event(other, (2, 4), (0, 4)))
        return replace(clip_of(clip_id, one, seconds=4), events=events, beside=True)

    return make


@pytest.mark.parametrize("sentences", [captions.heard, captions.seen])
def test_five_different_sentences_name_every_class(sentences, two, clip_of):
    for clip in (two("a"), clip_of("b", "chainsaw"), two("c", "accordion", "dog")):
        found = sentences(SPEC, clip)
        assert len(set(found)) == 5 and found == sentences(SPEC, clip)
        for sentence in found:
            assert all(event.concept in " ".join(sentence.lower().split()[:13]) for event in clip.events)
            assert sentence[0].isupper() and "{" not in sentence and " a a" not in sentence and " an b" not in sentence


@pytest.mark.parametrize("clip_id", "abcdef")
def test_the_side_is_where_the_object_is(two, clip_id):
    clip = two(clip_id)
    for number in (0, 1):
        alone = replace(
            clip,
            events=tuple(
                event if place == number else replace(event, visual=None) for place, event in enumerate(clip.events)
            ),
        )
        column = np.nonzero(picture.mask(SPEC, alone, second=2 * number))[1].mean() / SPEC.width
        assert captions.words(SPEC, clip, number).side == ("right" if column > 0.5 else "left")
    assert {captions.words(SPEC, clip, number).side for number in (0, 1)} == {"left", "right"}


def test_loudness_is_in_the_samples(clip_of):
    levels = {"loud": [], "soft": []}
    for number in range(16):
        clip = clip_of(f"{number}", "flute")
        samples = sound.render(SPEC, clip)[0]
        levels[captions.words(SPEC, clip, 0).loudness].append(np.sqrt((samples**2).mean(1)).max())
    assert min(levels["loud"]) > max(levels["soft"])


def test_size_is_in_the_mask(clip_of):
    heights = {"big": [], "small": []}
    for number in range(16):
        clip = clip_of(f"{number}", "flute")
        rows = np.nonzero(picture.mask(SPEC, clip).any(1))[0]
        heights[captions.words(SPEC, clip, 0).size].append(picture.draw_figure(SPEC, clip, 0).half[0])
        assert len(rows) > 0
    assert min(heights["big"]) > max(heights["small"])


def test_captions_tell_the_clips_of_a_retrieval_set_apart(planned):
    clips = {item.clip.clip_id: item.clip for item in plan("flickrsound", planned).media}
    first = [captions.seen(planned, clip)[1] for clip in clips.values()]
    assert len(set(first)) > 0.9 * len(first)
