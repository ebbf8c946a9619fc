"""Tasks on own data: what an index and codes allow, any pair of modalities, strict splits, what perfect and useless
codes score."""

import math
from dataclasses import replace

import numpy as np
import pytest

from cmg.answers import keeping
from cmg.datasets.clips import Clip, Event
from cmg.tasks.codes import RunCodes, StoredCodes, clip_codes
from cmg.tasks.evaluate import evaluate_run, own_tasks
from cmg.tasks.settings import EvaluateOptions

T, CLASSES = 4, 3
BOOK = np.eye(2 * CLASSES, 16, dtype=np.float32)
OPTIONS = EvaluateOptions(epochs=60, learning_rate=0.05, q_grid=(0.5,), q_fixed=0.5)
SPLITS = ("train", "train", "val", "test")


def clips_of(times=(0.0, math.inf), captions=True):
    """36 clips, three classes, whose sentences are their own."""
    return [
        Clip(
            row,
            f"clip{row}",
            visual=f"v/{row}.mp4",
            audio=f"v/{row}.mp4",
            duration=None,
            split=SPLITS[row // CLASSES % 4],
            events=(Event(f"c{row % CLASSES}", *times),),
            captions=(f"sentence {row}",) if captions else (),
        )
        for row in range(36)
    ]


def codes_of(clips, code=lambda clip, second: int(clip.events[0].label[1:]), modalities=("video", "audio", "text")):
    """Second-wise codes, and one per clip; a sentence has the code of its clip's first second."""
    entries = {}
    for modality in modalities:
        steps = 1 if modality == "text" else T
        each = np.array([[[code(clip, second)] for second in range(steps)] for clip in clips], np.int32)
        valid = np.full(len(clips), steps, np.int32)
        entries["mine", modality] = StoredCodes(valid, each)
        entries[clip_codes("mine"), modality] = StoredCodes(valid, each[:, :1])
    return RunCodes([BOOK], entries)


def scores(codes, clips, rankings=None):
    return {
        (cell.task, cell.direction, cell.toc): cell for cell in evaluate_run(codes, {"mine": clips}, rankings, OPTIONS)
    }


def test_perfect_codes_name_every_class_whatever_the_pair_of_modalities():
    clips = clips_of()
    found = scores(codes_of(clips), clips, {"full": np.arange(16)})
    classes = {direction: cell for (task, direction, toc), cell in found.items() if task == "mine.classes" and not toc}
    assert set(classes) == {a + b for a in "vat" for b in "vat"}
    for cell in classes.values():
        assert (cell.score, cell.metric, cell.n_fit, cell.n_val, cell.n_test, cell.classes) == (
            100.0,
            "top1",
            18,
            9,
            9,
            3,
        )
        assert cell.chance == pytest.approx(100 / 3)
    assert {("mine.classes", "va", True), ("mine.pairs", "vt", True)} <= found.keys()
    assert not any(task == "mine.events" for task, *_ in found), "no event has times"


def test_answers_are_kept_by_clip_of_the_index_and_of_sentences_too():
    """The first clip has two sentences and the last none, so rows of the text store are not rows of the index."""
    clips = clips_of()
    clips = [replace(clips[0], captions=("sentence 0", "sentence 35")), *clips[1:-1], replace(clips[-1], captions=())]
    with keeping() as answers:
        scores(codes_of(clips), clips)
    for way, tested in (("va", 9), ("vt", 8)):
        held = [item for item in answers if (item.task, item.direction, item.toc) == ("mine.classes", way, False)]
        assert len(held) == tested and all(item.truth == clips[item.row].events[0].label for item in held)
        assert {clips[item.row].split for item in held} == {"test"}


def test_codes_that_say_nothing_are_at_chance():
    clips = clips_of()
    found = scores(codes_of(clips, lambda clip, second: 0), clips)
    assert all(cell.score == pytest.approx(100 / 3) for (task, *_), cell in found.items() if task == "mine.classes")


def test_codes_of_another_meaning_in_each_modality_do_not_transfer():
    clips = clips_of()
    one, other = (
        codes_of(clips, modalities=("video",)),
        codes_of(clips, lambda clip, _: (int(clip.events[0].label[1:]) + 1) % 3, ("audio",)),
    )
    found = scores(RunCodes([BOOK], {**one.entries, **other.entries}), clips)
    assert found["mine.classes", "vv", False].score == found["mine.classes", "aa", False].score == 100.0
    assert found["mine.classes", "va", False].score == found["mine.classes", "av", False].score == 0.0


def test_events_with_times_are_found_second_by_second():
    clips = clips_of(times=(1.0, 3.0))
    codes = codes_of(clips, lambda clip, second: int(clip.events[0].label[1:]) + CLASSES * (not 1 <= second < 3))
    found = scores(codes, clips)
    events = {direction: cell for (task, direction, _), cell in found.items() if task == "mine.events"}
    assert set(events) == {"va", "av", "vv", "aa"}, "a sentence has no seconds"
    assert all((cell.score, cell.metric) == (100.0, "segment_f") for cell in events.values())
    assert ("mine.classes", "va", False) in found, "and every clip has one class"


def test_several_classes_in_a_clip_leave_localisation_alone():
    clips = clips_of()
    clips[0] = replace(clips[0], events=(Event("c0", 0.0, 2.0), Event("c1", 1.0, math.inf)))
    assert set(own_tasks(codes_of(clips), {"mine": clips})) == {"mine.events", "mine.pairs"}


def test_pairs_need_codes_on_both_sides_and_sentences_that_are_no_labels():
    clips = clips_of()
    own = codes_of(clips, lambda clip, second: clip.row % 6)
    found = scores(own, clips)
    assert {direction for task, direction, _ in found if task == "mine.pairs"} == {"va", "av", "vt", "tv", "at", "ta"}
    assert found["mine.pairs", "va", False].n_test == 9 and found["mine.pairs", "va", False].metric == "recall"
    labelled = [replace(clip, captions=(clip.events[0].label,)) for clip in clips]
    short = {
        key: replace(held, indices=held.indices[:3], valid=held.valid[:3]) if key[1] == "text" else held
        for key, held in own.entries.items()
    }
    found = scores(RunCodes([BOOK], short), labelled)
    assert {direction for task, direction, _ in found if task == "mine.pairs"} == {"va", "av"}
    assert ("mine.classes", "tv", False) in found, "what a label is called can still be read in a video"


def test_only_what_is_there_is_run():
    clips = clips_of(captions=False)
    assert set(own_tasks(codes_of(clips, modalities=("audio",)), {"mine": clips})) == {"mine.classes"}
    bare = [replace(clip, events=()) for clip in clips]
    assert set(own_tasks(codes_of(clips, modalities=("audio", "video")), {"mine": bare})) == {"mine.pairs"}
    untested = [replace(clip, split="train") for clip in clips]
    assert own_tasks(codes_of(clips), {"mine": untested}) == {}
    assert own_tasks(codes_of(clips), {"ave": clips}) == {}, "a known dataset has its own tasks"


def test_no_file_is_fitted_and_tested_on_and_a_missing_val_is_no_error():
    clips = clips_of()
    # a train and a test clip
    clips = [replace(clip, visual="one.mp4", audio="one.mp4") if clip.row in (0, 9) else clip for clip in clips]
    cell = scores(codes_of(clips), clips)["mine.classes", "va", False]
    assert (cell.n_fit, cell.n_test) == (17, 9)
    without = [replace(clip, split="train" if clip.split == "val" else clip.split) for clip in clips]
    cell = scores(codes_of(without), without)["mine.classes", "va", False]
    assert (cell.n_val, cell.score) == (None, 100.0)


def test_clips_without_codes_are_counted_and_left_out():
    clips, codes = clips_of(), codes_of(clips_of())
    codes.entries["mine", "audio"].valid[[0, 9]] = 0
    cell = scores(codes, clips)["mine.classes", "aa", False]
    assert (cell.n_fit, cell.n_test, cell.side["n_unusable"], cell.side["n_unusable_fit"]) == (17, 8, 1, 1)
