"""VALOR-32K: ids with dots, one description per clip, and the reader's verdict."""

import json
import re
from collections import Counter

from cmg.synth import plan


def test_descriptions(planned):
    texts = plan("valor32k", planned).texts
    entries = [entry for split in ("train", "val", "test") for entry in json.loads(texts[f"desc_{split}.json"])]
    assert all(re.fullmatch(r"[\w-]{11}_\d+\.000_\d+\.000", entry["video_id"], re.ASCII) for entry in entries)
    assert sum("desc" not in entry for entry in entries) == 1


def test_the_reader_finds_every_clip(read, tiny, corpus):
    summary, found = corpus[1]["valor32k"], read("valor32k")
    missing = {path.removeprefix("video/").removesuffix(".mp4") for path in summary.damage["missing"]}
    assert {clip.clip_id for clip in found.clips if clip.status != "ok"} == missing
    assert Counter(clip.split for clip in found.clips) == summary.rows
    assert [problem.kind for problem in found.problems] == ["duplicate", "malformed"]
    planned = {item.clip.clip_id: item.clip for item in plan("valor32k", tiny).media}
    for clip in found.clips:
        (caption,) = clip.captions
        places = [caption.lower().find(event.concept) for event in planned[clip.clip_id].events]
        assert places == sorted(places) and places[0] >= 0
