"""FlickrSoundNet: one image, one sound and one caption per id; pairs with an absent file are missing."""

import csv
from collections import Counter

from cmg.synth import captions, plan
from cmg.synth.concepts import BY_NAME


def test_the_reader_finds_every_pair(read, tiny, corpus):
    summary = corpus[1]["flickrsound"]
    found = read("flickrsound", held_out=16)
    absent = {path.split("/")[1].split(".")[0] for path in summary.damage["missing"]}
    assert len(absent) == 2 and {clip.clip_id for clip in found.clips if clip.status == "missing"} == absent
    assert {clip.clip_id for clip in found.clips} == {item.clip.clip_id for item in plan("flickrsound", tiny).media}
    assert Counter(clip.split for clip in found.clips) == summary.rows and found.problems == []
    assert all(
        (clip.visual, clip.audio) == (f"frames/{clip.clip_id}.jpg", f"audio/{clip.clip_id}.wav")
        for clip in found.clips
        if clip.status == "ok"
    )


def test_a_caption_of_each_image(read, tiny, planned):
    """One sentence about what is seen, of changing form, so that few are alike."""
    clips = {item.clip.clip_id: item.clip for item in plan("flickrsound", tiny).media}
    for clip in read("flickrsound", held_out=16).clips:
        assert len(clip.captions) == 1 and clip.captions[0] in captions.seen(tiny, clips[clip.clip_id])
        assert {event.label for event in clip.events} == {
            BY_NAME[event.concept].noun for event in clips[clip.clip_id].events
        }
    sentences = [
        row["caption"] for row in csv.DictReader(plan("flickrsound", planned).texts["captions.csv"].splitlines())
    ]
    assert len(sentences) == 300 and len(set(sentences)) > 290


def test_ids_are_numbers_of_different_lengths(planned):
    ids = {item.clip.clip_id for item in plan("flickrsound", planned).media}
    assert (
        len(ids) == planned.flickrsound.total
        and all(name.isdecimal() for name in ids)
        and len({len(name) for name in ids}) > 1
    )


def test_image_and_sound_of_a_pair_share_their_classes(planned):
    media = plan("flickrsound", planned).media
    for frame, heard in zip(media[::2], media[1::2], strict=True):
        assert frame.clip.events == heard.clip.events and all(
            event.audio and event.visual for event in frame.clip.events
        )
