"""What the published retrieval reads: clips, captions, and the batches that decide how far clips are filled up."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cmg.datasets.clips import Clip
from cmg.tasks.retrieval_pairs import filled_up, listed


def index_of(test: int, captions: int) -> list[Clip]:
    texts = [tuple(f"{row} {n}" for n in range(captions)) for row in range(test + 3)]
    return [Clip(row, str(row), split="train" if row < 3 else "test", captions=texts[row]) for row in range(test + 3)]


def test_strict_reads_the_test_split_and_published_what_the_driver_reads():
    clips = index_of(1045, 5)
    assert listed("clotho", clips, "strict") == clips[3:]
    assert listed("clotho", clips, "published") == clips[3 : 3 + 209]
    found = listed("mscoco", clips, "published")
    assert len(found) == 1045 and all(clip.captions == clips[clip.row].captions[:1] for clip in found)
    assert [clip.row for clip in listed("flickrsound", index_of(4, 0), "published")] == [3, 4, 5, 6]
    assert len(listed("clotho", index_of(3, 5), "published")) == 1


@given(st.integers(1, 40), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_a_clip_is_as_long_as_the_longest_in_the_batch_of_its_first_caption(test, size, seed):
    clips = index_of(test, 5)
    valid = np.random.default_rng(seed).integers(0, 31, len(clips))
    asked = [clip.row for clip in listed("clotho", clips, "published") for _ in range(5)]
    found = filled_up("clotho", clips, valid, size)
    for row in range(len(clips)):
        expected = 0
        if row in asked and valid[row]:
            first = asked.index(row) // size * size
            expected = max(valid[other] for other in asked[first : first + size])
        assert found[row] == expected


def test_a_batch_of_one_fills_nothing_up():
    clips, valid = index_of(20, 1), np.arange(23) % 11
    assert filled_up("flickrsound", clips, valid, 1)[3:].tolist() == valid[3:].tolist()
