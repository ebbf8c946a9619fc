"""Which clips are trained on: splits, exclusions, missing modalities."""

from types import SimpleNamespace

import numpy as np
import pytest

from cmg.datasets.clips import Clip
from cmg.train.pairs import pair

SPLITS = ("train", "train", "val", "test", "train", "train", "train")
CLIPS = [
    Clip(row, f"clip{row}", split=split, captions=() if row == 6 else (f"sentence {row}",))
    for row, split in enumerate(SPLITS)
]
STORE = SimpleNamespace(valid=np.full(7, 10))
TEXT = SimpleNamespace(rows_of=lambda ids: list(range(100, 100 + len(ids))))


def test_the_train_split_without_what_is_excluded_or_missing():
    silent = SimpleNamespace(valid=np.array([10, 10, 10, 10, 0, 10, 10]))
    pairs = pair(CLIPS, silent, STORE, TEXT, {1, 3})
    assert pairs.clips.tolist() == [0, 5] and pairs.sentences.tolist() == [100, 101]
    assert pairs.counts == {"split": 5, "excluded": 1, "no_audio": 1, "no_video": 0, "no_text": 1, "used": 2}


def test_exclusions_hold_for_every_split_that_is_trained_on():
    pairs = pair(CLIPS, STORE, STORE, TEXT, {1, 3}, ["train", "val", "test"])
    assert pairs.clips.tolist() == [0, 2, 4, 5] and pairs.counts["split"] == 7 and pairs.counts["excluded"] == 2


def test_no_clip_left_names_the_splits():
    with pytest.raises(ValueError, match="no clip of val, test can be used"):
        pair(CLIPS, STORE, STORE, TEXT, {2, 3}, ["val", "test"])
