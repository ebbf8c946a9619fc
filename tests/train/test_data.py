"""Batches of paired features."""

import numpy as np
import torch

from cmg.train.data import epoch_order, read_padded


def test_a_batch_pairs_the_rows_and_masks_the_words(paired):
    batch = paired.batch(np.array([1, 3]))
    assert torch.equal(batch.audio, torch.from_numpy(paired.audio.features[[2, 5]]))
    assert batch.video.dtype == torch.float32 and batch.video.shape == (2, 10, 7, 7, 2)
    assert torch.equal(batch.text, torch.from_numpy(paired.text.features[[1, 0]]))
    assert batch.text_mask.tolist() == [[True, True, False, False, False], [True] * 5]


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
    assert not np.array_equal(first, epoch_order(50, 1, 1)) and not np.array_equal(first, epoch_order(50, 2, 0))
