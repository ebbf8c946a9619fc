"""Pictures come back as they were; a file that is none is named; PNGs are what they show."""

import io

import numpy as np
import pytest
from PIL import Image

from cmg.segmentation.pictures import Picture, png, read_pictures, write_pictures


def picture(rng, name):
    mask = rng.random((3, 8, 8)) < 0.5
    frame = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Picture(name, "dog, barking", frame, mask[0], {("at", "right"): mask[1], ("no_query", "wrong"): mask[2]})


def test_pictures_come_back(tmp_path):
    rng = np.random.default_rng(0)
    made = [picture(rng, "-a.b c"), picture(rng, "ü")]
    write_pictures(tmp_path / "a.safetensors", made)
    found = read_pictures(tmp_path / "a.safetensors")
    for one, other in zip(made, found, strict=True):
        assert (one.clip_id, one.label, set(one.found)) == (other.clip_id, other.label, set(other.found))
        assert np.array_equal(one.frame, other.frame) and np.array_equal(one.truth, other.truth)
        assert all(np.array_equal(one.found[key], other.found[key]) for key in one.found)
    write_pictures(tmp_path / "b.safetensors", found)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_none_is_a_file_too(tmp_path):
    write_pictures(tmp_path / "a.safetensors", [])
    assert read_pictures(tmp_path / "a.safetensors") == []


def test_another_file_is_named(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"a\.safetensors: expected pictures of the segment stage"):
        read_pictures(tmp_path / "a.safetensors")


def test_a_png_is_the_picture():
    shown = picture(np.random.default_rng(1), "a")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(shown.frame)))), shown.frame)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(shown.truth)))), shown.truth)
