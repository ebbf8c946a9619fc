"""Images that cannot be decoded say so without naming a machine's folders."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from cmg.media.failure import MediaFailure
from cmg.media.image import load, load_mask, load_rgb


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
    assert np.array_equal(
        load_rgb(tmp_path / "g.png"), np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2)
    )


RAMP = np.linspace(0, 1, 64).reshape(8, 8)


@pytest.mark.parametrize(
    ("suffix", "values", "remark"),
    [
        ("png", (RAMP * 65_535).astype(np.uint16), True),
        ("tif", (RAMP * 65_535).astype(np.uint16), True),
        ("pgm", (RAMP * 65_535).astype(np.uint16), True),
        ("tif", (RAMP * (2**31 - 1)).astype(np.int32), True),
        ("tif", RAMP.astype(np.float32), True),
        ("tif", (RAMP * 255).astype(np.float32), True),
        ("tif", (RAMP * 65_535).astype(np.float32), True),
        ("png", np.rint(RAMP * 255).astype(np.uint8), False),
    ],
)
def test_grey_values_of_any_depth_are_scaled_from_their_range(tmp_path, suffix, values, remark):
    Image.fromarray(values).save(tmp_path / f"a.{suffix}")
    found, remarks = load(tmp_path / f"a.{suffix}")
    assert np.abs(found[..., 1] - RAMP * 255).max() <= 1 and found.dtype == np.uint8 and found.shape == (8, 8, 3)
    assert [each.kind for each in remarks] == ["range_scaled"] * remark


def test_numbers_that_are_none_are_black_and_those_of_no_range_are_refused(tmp_path):
    Image.fromarray(np.array([[np.nan, 1.0], [-np.inf, 0.5]], np.float32)).save(tmp_path / "a.tif")
    assert load_rgb(tmp_path / "a.tif")[..., 0].tolist() == [[0, 255], [0, 128]]
    Image.fromarray(np.array([[np.inf, 1e30]], np.float32)).save(tmp_path / "b.tif")
    with pytest.raises(MediaFailure, match="no known range"):
        load_rgb(tmp_path / "b.tif")


def test_a_signed_range_is_refused_and_what_resizing_leaves_below_black_is_black(tmp_path):
    Image.fromarray(np.array([[-0.05, 1.0], [0.0, 0.5]], np.float32)).save(tmp_path / "a.tif")
    assert load_rgb(tmp_path / "a.tif")[..., 0].tolist() == [[0, 255], [0, 128]]
    for values in (
        np.array([[-1.0, 1.0]], np.float32),
        np.array([[-32_768, 32_767]], np.int32),
        np.array([[-2.0, -1.0]], np.float32),
    ):
        Image.fromarray(values).save(tmp_path / "b.tif")
        with pytest.raises(MediaFailure, match="nothing says which of them is black"):
            load_rgb(tmp_path / "b.tif")


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "LA", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16", "I;16B"]
)
def test_every_mode_becomes_rgb(tmp_path, mode):
    """Through the formats that can hold them; what a mode's file is read as does not matter."""
    red = Image.new("RGB", (6, 4), (200, 30, 40))
    image = Image.new(mode, (6, 4), 40_000) if mode in ("I", "F", "I;16", "I;16B") else converted(red, mode)
    suffix = {"CMYK": "jpg", "YCbCr": "jpg", "LAB": "tif", "F": "tif", "I;16B": "tif", "I": "tif"}.get(mode, "png")
    try:
        image.save(tmp_path / f"a.{suffix}")
    except OSError:
        image.convert("RGBA").save(tmp_path / f"a.{suffix}")
    found = load_rgb(tmp_path / f"a.{suffix}")
    assert found.shape == (4, 6, 3) and found.dtype == np.uint8
    colour = found[0, 0].astype(int)
    if mode in ("I", "F", "I;16", "I;16B"):
        assert set(colour) == {round(40_000 / 257)}
    elif mode not in ("1", "L", "LA"):
        assert np.abs(colour - (200, 30, 40)).max() <= 25


def converted(image: Image.Image, mode: str) -> Image.Image:
    if mode == "LAB":
        return ImageCms.applyTransform(
            image, ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        )
    if mode in ("PA", "RGBa"):
        return image.convert({"PA": "P", "RGBa": "RGBA"}[mode]).convert(mode)
    return image.convert(mode)


def test_a_palette_with_transparency_keeps_its_colours(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    image.save(tmp_path / "a.png", transparency=1)
    assert load_rgb(tmp_path / "a.png")[0, 0].tolist() == [10, 200, 30]


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_every_exif_orientation_is_undone(tmp_path, number, suffix):
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16], upright[:8, 16:], upright[8:, :16], upright[8:, 16:] = (
        (250, 0, 0),
        (0, 250, 0),
        (0, 0, 250),
        (250, 250, 250),
    )
    steps = {2: [np.fliplr], 3: [np.flipud, np.fliplr], 4: [np.flipud], 5: [transpose], 6: [transpose, np.flipud]}
    steps |= {7: [transpose, np.flipud, np.fliplr], 8: [transpose, np.fliplr]}
    stored = upright
    for step in steps.get(number, []):
        stored = step(stored)
    exif = Image.Exif()
    exif[0x0112] = number
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / f"a.{suffix}", exif=exif)
    found, remarks = load(tmp_path / f"a.{suffix}")
    assert found.shape == upright.shape and np.abs(found.astype(int) - upright)[2:6, 2:14].max() < 40
    for rows, columns in ((slice(2, 6), slice(18, 30)), (slice(10, 14), slice(2, 14)), (slice(10, 14), slice(18, 30))):
        assert np.abs(found.astype(int) - upright)[rows, columns].max() < 40
    assert [remark.kind for remark in remarks] == ["rotated"] * (number > 1)


def transpose(picture: np.ndarray) -> np.ndarray:
    return picture.swapaxes(0, 1)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_of_an_animation_the_first_picture_counts(tmp_path, suffix):
    pictures = [Image.new("RGB", (8, 8), colour) for colour in ((200, 0, 0), (0, 200, 0))]
    pictures[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=pictures[1:])
    assert np.abs(load_rgb(tmp_path / f"a.{suffix}")[0, 0].astype(int) - (200, 0, 0)).max() < 10


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0",
        bytes(40),
    ],
)
def test_damaged_exif_data_are_no_reason_to_lose_a_picture(tmp_path, exif):
    Image.new("RGB", (8, 4), (200, 0, 0)).save(tmp_path / "a.jpg", exif=exif)
    found, remarks = load(tmp_path / "a.jpg")
    assert found.shape == (4, 8, 3) and remarks == ()


HALF = np.zeros((6, 8), np.uint8)
HALF[:, :3] = 1


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
@pytest.mark.parametrize(
    "form", ["ones", "full", "bits", "palette", "16 bits", "16 bits, full", "32 bits", "real", "colours", "opacity"]
)
def test_a_mask_is_what_is_not_black_in_every_form(tmp_path, suffix, form):
    if suffix == "jpg" and form not in ("full", "bits", "colours") or suffix == "png" and form in ("32 bits", "real"):
        pytest.skip("not a form of this format")
    palette = Image.fromarray(HALF, "P")
    palette.putpalette([0, 0, 0, 128, 0, 0])
    forms = {
        "ones": HALF,
        "full": HALF * 255,
        "16 bits": HALF.astype(np.uint16),
        "16 bits, full": HALF.astype(np.uint16) * 65_535,
    }
    forms |= {
        "32 bits": HALF.astype(np.int32),
        "real": HALF.astype(np.float32),
        "colours": HALF[..., None] * np.array([255, 0, 0], np.uint8),
    }
    forms |= {"opacity": np.stack([HALF * 0] * 3 + [HALF * 255], axis=-1)}
    image = {"bits": Image.fromarray(HALF * 255).convert("1"), "palette": palette}.get(form) or Image.fromarray(
        forms[form]
    )
    image.save(tmp_path / f"a.{suffix}", **({"quality": 95, "subsampling": 0} if suffix == "jpg" else {}))
    found, remarks = load_mask(tmp_path / f"a.{suffix}")
    assert found.dtype == np.uint8 and (found[..., 0] == HALF).all() and remarks == ()


@pytest.mark.parametrize("value", [0, 255])
def test_a_mask_of_one_value(tmp_path, value):
    for mode in ("L", "RGB", "RGBA"):
        Image.new("L", (4, 3), value).convert(mode).save(tmp_path / "a.png")
        assert (load_mask(tmp_path / "a.png")[0] == (value > 0)).all()
