"""Answers of heads: kept where wanted, the same bytes, and what is counted in them is what the scores say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmg import answers
from cmg.answers import NOTHING, Answer, active, class_scores, confusion, keep, keeping, read_answers, write_answers
from cmg.tasks import metrics

CLASSES = ("Dog", "Church bell", "song 1", "PlayingFlute")
CELL = ("ave", "va", False)


def kept(target, answered):
    with keeping() as found:
        keep(CELL, "ave", np.arange(len(target)), CLASSES, target, answered)
    return found


def test_where_nobody_wants_them_nothing_is_kept():
    keep(CELL, "ave", np.arange(2), CLASSES, np.array([0, 1]), np.array([0, 0]))
    assert answers._KEPT.get() is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_clips_give_top_1_and_recall_per_class(pairs):
    target, answered = map(np.array, zip(*pairs, strict=True))
    found = kept(target, answered)
    assert 100 * np.mean([item.right for item in found]) == pytest.approx(metrics.top1(answered, target))
    for number, name in enumerate(CLASSES):
        if (target == number).any():
            share, clips = class_scores(found)[name]
            assert clips == (target == number).sum() and share == pytest.approx(
                100 * np.mean(answered[target == number] == number)
            )
    assert sum(confusion(found).values()) == len(pairs)
    assert confusion(found)["Dog", "song 1"] == ((target == 0) & (answered == 2)).sum()


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_seconds_give_segment_f_and_every_second_is_counted(seed, share):
    draw = np.random.default_rng(seed)
    target, answered = (draw.random((5, 10, 4)) < share * 0.6 for _ in range(2))
    found = kept(target, answered)
    by_clip = [class_scores([item]) for item in found]
    overall = np.mean([np.mean([value for value, _ in scores.values()]) if scores else 100.0 for scores in by_clip])
    assert overall == pytest.approx(metrics.segment_f(answered, target))
    counts = confusion(found)
    assert sum(counts[name, name] for name in CLASSES) == (target & answered).sum()
    silent = ~target.any(axis=2)
    assert sum(count for (real, _), count in counts.items() if real == NOTHING) == answered[silent].sum()
    assert [item.right for item in found] == [np.array_equal(a, b) for a, b in zip(target, answered, strict=True)]


def test_the_file_comes_back_with_clip_ids_and_the_same_bytes(tmp_path):
    found = kept(np.array([0, 1]), np.array([0, 2])) + kept(np.ones((1, 10, 4), bool), np.zeros((1, 10, 4), bool))
    for name in "ab":
        write_answers(tmp_path / name, found, {"ave": ["-x", "y,#"]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    back = read_answers(tmp_path / "a")
    assert [item.clip_id for item in back] == ["-x", "y,#", "-x"] and [item.truth for item in back[:2]] == [
        "Dog",
        "Church bell",
    ]
    assert (
        active(back[2].truth)["song 1"] == "1" * 10 and back[2].answer == "" and back[2].seconds and not back[0].seconds
    )
    assert confusion(back[2:]) == {(name, NOTHING): 10 for name in CLASSES}
    write_answers(tmp_path / "none", [], {})
    assert read_answers(tmp_path / "none") == []
    (tmp_path / "text").write_text("x")
    with pytest.raises(ValueError, match="not a parquet file"):
        read_answers(tmp_path / "text")


def test_no_class_and_no_answer_is_right():
    silent = Answer("avvp", "va", False, "avvp", 0, "", "", True)
    assert silent.right and class_scores([silent]) == {} and confusion([silent]) == {}
