"""Streams depend on seed and purpose only; ids and intervals keep their forms."""

import re

import numpy as np

from cmg.synth.draws import interval, stream, video_id


def test_stream():
    first = stream(0, "scene", "a").random(4)
    assert np.array_equal(first, stream(0, "scene", "a").random(4))
    for other in (stream(1, "scene", "a"), stream(0, "tone", "a"), stream(0, "scene", "b"), stream(0, "scenea")):
        assert not np.array_equal(first, other.random(4))


def test_video_id():
    ids = {video_id(0, "ave", "train", number) for number in range(500)}
    assert len(ids) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{11}", found) for found in ids)
    assert re.fullmatch(r"-[A-Za-z0-9_-]{10}", video_id(0, "ave", "train", 0, "-"))


def test_interval():
    rng = np.random.default_rng(0)
    spans = [interval(rng, 10, 0.5) for _ in range(400)]
    assert all(0 <= onset < offset <= 10 and offset - onset >= 3 for onset, offset in spans)
    assert 0.4 < np.mean([span == (0, 10) for span in spans]) < 0.6
    assert interval(rng, 2, 1.0) == (0, 2)
