"""AVSBench-S4: frames, masks and sound per clip; a clip with an absent file is missing; masks cover what changes."""

from collections import Counter

import numpy as np

from cmg.datasets.listing import check_combined
from cmg.datasets.s4_files import covered_files, frame_paths, mask_paths
from cmg.media.image import load_rgb
from cmg.synth import plan


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
            check_combined(folder / "avsbench_s4", covered_files(clip), clip.visual_fingerprint)


def test_files_per_clip(planned):
    paths = Counter("/".join(item.path.split("/")[2:4]) for item in plan("avsbench_s4", planned).media)
    counts = planned.avsbench_s4
    for split, clips, masks in (("train", counts.train, 1), ("val", counts.val, 5), ("test", counts.test, 5)):
        assert paths[f"visual_frames/{split}"] == 5 * clips and paths[f"gt_masks/{split}"] == masks * clips
        assert paths[f"audio_wav/{split}"] == clips


def test_a_mask_covers_the_object(read, corpus):
    """The object has saturated colours and the background has not, so the mask tells them apart."""
    folder, clips = corpus[0] / "avsbench_s4", read("avsbench_s4").clips
    for clip in (clip for clip in clips if clip.split == "test"):
        for frame, mask in zip(frame_paths(clip), mask_paths(clip), strict=True):
            pixels, covered = load_rgb(folder / frame).astype(float), load_rgb(folder / mask)[:, :, 0] > 0
            saturation = 1 - pixels.min(-1) / np.maximum(pixels.max(-1), 1)
            assert 0.02 < covered.mean() < 0.9
            assert np.median(saturation[covered]) > 0.6 > np.median(saturation[~covered])
