"""AVSBench-S4: frames, masks and sound per clip; a clip with an absent file is missing; masks cover what changes."""

from collections import Counter
from dataclasses import replace

import numpy as np

from cmg.datasets.listing import check_combined
from cmg.media.image import load_rgb
from cmg.synth import picture, plan
from cmg.synth.concepts import labels


def test_the_reader_finds_every_clip(read, corpus):
    folder, summaries = corpus
    summary, found = summaries["avsbench_s4"], read("avsbench_s4")
    absent = {path.split("/")[-1].removesuffix(".wav")[:11] for path in summary.damage["missing"]}
    assert len(absent) == 2 and {clip.clip_id for clip in found.clips if clip.status == "missing"} == absent
    assert {clip.status for clip in found.clips} == {"ok", "missing"}
    assert Counter(clip.split for clip in found.clips) == summary.rows
    assert [problem.kind for problem in found.problems] == ["duplicate"]
    for clip in found.clips:
        if clip.status == "ok":
            check_combined(folder / "avsbench_s4", clip.files, clip.visual_fingerprint)


def test_files_per_clip(planned):
    paths = Counter("/".join(item.path.split("/")[2:4]) for item in plan("avsbench_s4", planned).media)
    counts = planned.avsbench_s4
    for split, clips, masks in (("train", counts.train, 1), ("val", counts.val, 5), ("test", counts.test, 5)):
        assert paths[f"visual_frames/{split}"] == 5 * clips and paths[f"gt_masks/{split}"] == masks * clips
        assert paths[f"audio_wav/{split}"] == clips


def test_one_of_two_objects_sounds(planned):
    """Every ordered pair of classes, as often as any other; the csv names the class that sounds."""
    found = plan("avsbench_s4", planned)
    categories = {
        line.split(",")[0]: line.split(",")[2]
        for line in found.texts["Single-source/s4_meta_data.csv"].splitlines()[1:]
    }
    clips = {item.clip.clip_id: item.clip for item in found.media}
    pairs = Counter()
    for clip in clips.values():
        heard, silent = clip.events
        assert clip.beside and heard.visual == silent.visual == heard.audio == (0, 5) and silent.audio is None
        assert (
            heard.concept != silent.concept
            and labels("avsbench_s4", planned)[heard.concept] == categories[clip.clip_id]
        )
        pairs[heard.concept, silent.concept] += 1
    names = labels("avsbench_s4", planned)
    assert set(pairs) == {(one, other) for one in names for other in names if one != other}
    assert max(pairs.values()) - min(pairs.values()) <= 3


def test_a_mask_leaves_the_silent_object_out(planned):
    clips = {item.clip.clip_id: item.clip for item in plan("avsbench_s4", planned).media}
    for clip in list(clips.values())[::40]:
        heard, silent = clip.events
        other = picture.mask(
            planned, replace(clip, events=(replace(heard, visual=None), replace(silent, audio=(0, 5))))
        )
        both = picture.mask(planned, replace(clip, events=(heard, replace(silent, audio=(0, 5)))))
        mask = picture.mask(planned, clip)
        assert mask.any() and other.any() and not (mask & other).any() and np.array_equal(mask | other, both)


def test_a_mask_covers_an_object(read, corpus):
    """Objects have saturated colours and the background has not, so the mask tells them apart."""
    folder, clips = corpus[0] / "avsbench_s4", read("avsbench_s4").clips
    for clip in (clip for clip in clips if clip.split == "test"):
        for frame, mask in zip(clip.files[:5], clip.files[5:], strict=True):
            pixels, covered = load_rgb(folder / frame).astype(float), load_rgb(folder / mask)[:, :, 0] > 0
            saturation = 1 - pixels.min(-1) / np.maximum(pixels.max(-1), 1)
            assert 0.02 < covered.mean() < 0.9
            assert np.median(saturation[covered]) > 0.6 > np.median(saturation[~covered])
