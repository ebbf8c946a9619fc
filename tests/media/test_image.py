"""Images that cannot be decoded say so without naming a machine's folders."""

import numpy as np
import pytest
from PIL import Image

from cmg.media.failure import MediaFailure
from cmg.media.image import load_rgb


@pytest.mark.parametrize("damage", ["text", "cut"])
def test_a_damaged_image_is_unreadable(tmp_path, damage):
    path = tmp_path / "a.jpg"
    Image.fromarray(np.arange(48 * 64 * 3, dtype=np.uint32).astype(np.uint8).reshape(48, 64, 3)).save(path)
    path.write_bytes(b"<html>404</html>" if damage == "text" else path.read_bytes()[:500])
    with pytest.raises(MediaFailure) as caught:
        load_rgb(path)
    assert caught.value.kind == "unreadable" and "a.jpg" in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_a_grey_image_has_three_equal_channels(tmp_path):
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / "g.png")
    assert np.array_equal(load_rgb(tmp_path / "g.png"), np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2))
