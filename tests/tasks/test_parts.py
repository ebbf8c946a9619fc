"""Which clips go where: videos shared between splits or datasets, held-out groups, and a leak that is refused."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from cmg.datasets.clips import Clip, Event
from cmg.tasks import ave, ave_avvp, heads, parts, strict, ucf_vgg
from cmg.tasks.codes import RunCodes
from cmg.tasks.evaluate import evaluate_run


def clip(row, name, split, label="Bark"):
    return Clip(row, name, split=split, events=(Event(label, 0.0, 10.0),))


def test_ave_leaves_out_videos_that_straddle_splits():
    ids = [
        ("a", "train"),
        ("b", "train"),
        ("c", "train"),
        ("b", "val"),
        ("d", "val"),
        ("e", "val"),
        ("c", "test"),
        ("e", "test"),
    ]
    fit, val, test = ave.splits([clip(row, name * 11, split) for row, (name, split) in enumerate(ids)])
    assert [[c.clip_id[0] for c in part] for part in (fit, val, test)] == [["a"], ["b", "d"], ["c", "e"]]


def test_sources_join_the_forms_of_an_id():
    avvp, ave_clip = clip(0, "abcdefghijk_30_40", "test"), clip(0, "abcdefghijk", "train")
    assert parts.source_of(avvp, "avvp") == parts.source_of(ave_clip, "ave") == "abcdefghijk"
    first, second = "v_BasketballDunk_g01_c01", "v_BasketballDunk_g01_c02"
    assert parts.sources([clip(0, first, "train"), clip(1, second, "train")], "ucf101") == {first, second}


def test_avvp_test_clips_that_ave_holds_are_not_scored(world, fast):
    indices = dict(world.indices)
    test = [
        c
        for c in indices["avvp"]
        if c.split == "test" and ave_avvp.shared_class(clip(0, "x", "test", "Bark")) == c.events[0].label
    ]
    taken = test[0]
    indices["ave"] = [replace(c, clip_id=taken.clip_id[:11]) if c.row == 0 else c for c in indices["ave"]]
    before = evaluate_run(world.codes, world.indices, None, fast, tasks=("ave_avvp",))[0]
    after = evaluate_run(world.codes, indices, None, fast, tasks=("ave_avvp",))[0]
    assert (before.n_test - after.n_test, after.side["n_test_in_ave"]) == (1, 1)


def test_hold_out_takes_whole_groups_of_every_class():
    clips = [
        clip(n, f"v_{label}_g{group:02}_c{take:02}", "train", label)
        for n, (label, group, take) in enumerate(
            (la, g, t) for la in ("Typing", "Skiing") for g in range(8, 26) for t in (1, 2)
        )
    ]
    fit, val = ucf_vgg.hold_out(clips, 0.2)
    assert (len(fit), len(val)) == (56, 16) and Counter(c.events[0].label for c in val) == {"Typing": 8, "Skiing": 8}
    assert not {c.clip_id[:-4] for c in fit} & {c.clip_id[:-4] for c in val}
    single = [clip(0, "v_Typing_g08_c01", "train", "Typing")]
    assert ucf_vgg.hold_out(single, 0.2) == (single, [])


def test_a_test_clip_among_the_fitted_is_refused(world, fast):
    def make(split, rename=None):
        clips = [c for c in world.indices["ave"] if c.split == split]
        clips = [replace(clips[0], clip_id=rename), *clips[1:]] if rename else clips
        return parts.make_part(world.codes, "ave", "video", clips, lambda c, _: 0, split)

    train, val, test = make("train"), make("val"), make("test")
    strict.check_no_leak(strict.Trial("ave", heads.CLIP, 4, train, val, {"vv": test}))
    for one, other, words in (
        (make("train", test.sources[3]), val, "the fit and the vv clips"),
        (train, make("val", test.sources[3]), "the validation and the vv clips"),
        (make("train", val.sources[3]), val, "the fit and the validation clips"),
    ):
        with pytest.raises(strict.LeakError, match=f"1 videos are in both {words}, for example"):
            strict.run(strict.Trial("ave", heads.CLIP, 4, one, other, {"vv": test}), world.codes, None, fast)


def test_a_part_without_usable_clips_says_so(world):
    key = ("ave", "video")
    held = world.codes.entries[key]
    codes = RunCodes(world.codes.codebooks, {key: replace(held, valid=np.zeros_like(held.valid))})
    with pytest.raises(ValueError, match="AVE train: ave has 112 clips, none with usable video codes"):
        parts.make_part(codes, "ave", "video", world.indices["ave"], lambda c, _: 0, "AVE train")
    with pytest.raises(ValueError, match="has 112 rows, the index has row 500"):
        parts.make_part(codes, "ave", "video", [clip(500, "x", "train")], lambda c, _: 0, "AVE train")


def test_a_class_that_ave_does_not_have_is_named(world, fast):
    clips = [replace(c, events=(Event("Barking", 0.0, 5.0),)) if c.row == 7 else c for c in world.indices["ave"]]
    with pytest.raises(ValueError, match="'Barking', which is none of the 28 classes"):
        evaluate_run(world.codes, {"ave": clips}, None, fast, tasks=("ave",))
