"""Pictures of a store: which rows, in which form, and their variance."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cmg.train.pictures import StoredPictures, usable
from tests.train.conftest import ArrayStore

CPU = torch.device("cpu")


def store(number, seconds=1, size=5, seed=0):
    rng = np.random.default_rng(seed)
    return ArrayStore(rng.integers(0, 256, (number, seconds, size, size, 3), dtype=np.uint8), np.ones(number, np.int32))


def test_rows_of_a_split_that_have_a_picture():
    held = store(6)
    held.valid[2] = 0
    clips = [SimpleNamespace(split=split) for split in ("train", "test", "train", "train", "test", "val")]
    assert usable(held, clips, "train").tolist() == [0, 3] and usable(held, clips, "test").tolist() == [1, 4]


def test_a_batch_is_the_first_frames_in_the_unit_range():
    held = store(6, seconds=2)
    data = StoredPictures(held, np.array([1, 4, 5]), CPU)
    batch = data.place(data.fetch(np.array([2, 0])))
    assert (len(data), batch.size, batch.seconds) == (3, 2, 1)
    wanted = held.features[[5, 1], 0].transpose(0, 3, 1, 2) / 255
    np.testing.assert_allclose(batch.pixels, wanted, rtol=1e-6)
    assert [one.size for one in data.in_order(2)] == [2, 1] and batch.to(torch.float64).pixels.dtype == torch.float64


@pytest.mark.parametrize("number", [1, 7, 600])
def test_the_variance_is_that_of_all_pixels(number):
    data = StoredPictures(store(number, seed=number), np.arange(number), CPU)
    assert data.variance() == pytest.approx((data.store.features / 255).var(), rel=1e-9)
