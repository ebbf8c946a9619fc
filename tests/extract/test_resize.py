"""Resizing of frames: plain as OpenCV has it (test_vgg19.py), antialiased as Pillow has it."""

import numpy as np
import pytest
import torch
from PIL import Image

from cmg.extract.resize import antialiased, resize


@pytest.mark.parametrize(
    ("height", "width", "size"), [(144, 192, 32), (64, 48, 31), (40, 40, 40), (30, 50, 64), (1, 7, 3)]
)
def test_antialiased_as_pillow(height, width, size):
    frames = np.random.default_rng(height).integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    ours = antialiased(torch.from_numpy(frames), size).permute(0, 2, 3, 1).numpy()
    theirs = np.stack(
        [np.asarray(Image.fromarray(frame).resize((size, size), Image.Resampling.BILINEAR)) for frame in frames]
    )
    assert np.abs(ours - theirs).max() <= 1 and np.array_equal(ours, np.round(ours))


def test_a_fine_pattern_becomes_its_mean():
    """Without antialias four pixels in five are not looked at."""
    stripes = np.zeros((1, 160, 160, 3), np.uint8)
    stripes[:, :, ::5] = 255
    fine, plain = (change(torch.from_numpy(stripes), 32) for change in (antialiased, resize))
    assert (fine - 51).abs().max() < 20 and plain.unique().tolist() == [0.0]
