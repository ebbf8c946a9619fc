"""Clotho: hostile file names, five captions, and the reader's verdict on every line."""

import csv
from collections import Counter

from cmg.synth import plan


def test_names_are_hostile_and_distinct(planned):
    names = [item.path.split("/", 1)[1] for item in plan("clotho", planned).media]
    assert len(set(names)) == len(names) and all(name.endswith(".wav") for name in names)
    for trap in (" ", "  ", ",", "#", "&amp;", "&#39;", " .wav", ".final."):
        assert any(trap in name for name in names), trap
    assert any(name.startswith("-") for name in names)


def test_lines_have_five_captions(planned):
    for part, count in (("development", 12), ("validation", 8), ("evaluation", 103)):
        header, *rows = csv.reader(plan("clotho", planned).texts[f"clotho_captions_{part}.csv"].splitlines())
        assert header == ["file_name", *(f"caption_{number}" for number in range(1, 6))]
        assert len(rows) == count and all(len(row) == 6 for row in rows)


def test_the_reader_finds_every_clip(read, tiny, corpus):
    found = read("clotho")
    damage = corpus[1]["clotho"].damage
    verdicts = {clip.clip_id: clip.status for clip in found.clips}
    expected = {
        item.clip.clip_id: "missing" if item.clip.defect == "missing" else "ok" for item in plan("clotho", tiny).media
    }
    expected |= {damage["empty caption"][0]: "malformed", damage["unsafe name"][0]: "refused"}
    assert verdicts == expected
    assert Counter(clip.split for clip in found.clips) == corpus[1]["clotho"].rows
    assert [(problem.kind, problem.line) for problem in found.problems] == [
        ("malformed", 18),
        ("refused", 19),
        ("duplicate", 20),
    ]
    assert all(len(set(clip.captions)) == 5 for clip in found.clips if clip.status == "ok")
    assert {clip.visual for clip in found.clips} == {None}
