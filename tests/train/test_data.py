"""Batches of paired features."""

import numpy as np
import pytest
import torch

from cmg.train.data import ahead, epoch_order, fits, read_padded, resident


def test_a_batch_pairs_the_rows_and_masks_the_words(paired):
    batch = paired.batch(np.array([1, 3]))
    assert torch.equal(batch.audio, torch.from_numpy(paired.audio.features[[2, 5]]))
    assert batch.video.dtype == torch.float32 and batch.video.shape == (2, 10, 7, 7, 2)
    assert batch.text_mask.tolist() == [
        [True, True, False, False, False],
        [True] * 5,
    ] and batch.text_lengths.tolist() == [2, 5]
    assert torch.equal(batch.text, torch.from_numpy(paired.text.features[[1, 0]]) * batch.text_mask.unsqueeze(-1))


def test_seconds_past_the_last_valid_one_repeat_it(paired):
    paired.audio.valid[2] = 4
    read = read_padded(paired.audio, np.array([2, 3]))
    assert np.array_equal(read[0, 4:], np.repeat(paired.audio.features[2, 3:4], 6, axis=0))
    assert np.array_equal(read[0, :4], paired.audio.features[2, :4])
    assert np.array_equal(read[1], paired.audio.features[3])


def test_in_order_visits_every_clip_once(paired):
    seen = torch.cat([batch.audio for batch in paired.in_order(3)])
    assert torch.equal(seen, torch.from_numpy(paired.audio.features[paired.clips]))


def test_epoch_order_is_a_permutation_that_depends_on_seed_and_epoch():
    first = epoch_order(50, 1, 0)
    assert sorted(first) == list(range(50))
    assert np.array_equal(first, epoch_order(50, 1, 0))
    assert epoch_order(50, 1, 0) is first and not first.flags.writeable
    assert not np.array_equal(first, epoch_order(50, 1, 1)) and not np.array_equal(first, epoch_order(50, 2, 0))


def test_features_on_the_device_give_the_same_batches(paired):
    held = resident(paired)
    paired.audio.features[:] = 0
    assert held.tables["video"].dtype == torch.float16 and not fits(paired)
    for name in ("video", "text", "text_mask", "text_lengths"):
        assert torch.equal(
            getattr(held.batch(np.array([6, 0, 3])), name), getattr(paired.batch(np.array([6, 0, 3])), name)
        )
    assert held.batch(np.array([1])).audio.abs().sum() > 0


def test_batches_are_fetched_ahead_and_in_order():
    seen = []
    fetched = ahead(lambda step: seen.append(step) or step * step, range(6))
    assert next(fetched) == 0 and seen[:1] == [0]
    assert list(fetched) == [1, 4, 9, 16, 25] and seen == list(range(6))


def test_what_fails_ahead_fails_where_it_is_used():
    fetched = ahead(lambda step: 1 // (2 - step), range(4))
    assert [next(fetched), next(fetched)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(fetched)
