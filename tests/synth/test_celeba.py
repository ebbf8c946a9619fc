"""CelebA-HQ: numbered images, the last ones test."""

from collections import Counter


def test_the_reader_finds_every_image(read, corpus):
    summary = corpus[1]["celeba_hq"]
    found = read("celeba_hq", count=20, held_out=4)
    assert [clip.clip_id for clip in found.clips] == [str(number) for number in range(20)]
    assert Counter(clip.split for clip in found.clips) == summary.rows
    assert [clip.clip_id for clip in found.clips if clip.status == "missing"] == ["5"] and found.problems == []
