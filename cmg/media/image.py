"""Image files to arrays, with Pillow."""

import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.Image import Transpose

from cmg.media.failure import MediaFailure
from cmg.media.remark import Remark
from cmg.media.source import Decoded
from cmg.media.window import Window

ORIENTATION = 0x0112  # in EXIF
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
LOSSY = (".jpg", ".jpeg")
RANGES = (1.0, 255.0, 65_535.0, float(2**31 - 1), float(2**32 - 1))  # largest values of the usual number formats
LEAST = 0.1  # of the largest value: what resizing leaves below black is black, and less is of a signed range


def load_rgb(path: Path) -> np.ndarray:
    """uint8 `[H, W, 3]` RGB; see `load`. Raises MediaFailure `unreadable`."""
    return load(path)[0]


def load(path: Path) -> tuple[np.ndarray, tuple[Remark, ...]]:
    """uint8 `[H, W, 3]` RGB, and what was decided: turned as its EXIF orientation says; of an animation the first
    picture.

    Every mode of Pillow goes through its own conversion to RGB (transparency is dropped); grey values of more than 8
    bits are first scaled from their range to 0..255. Raises MediaFailure `unreadable`.
    """
    with _opened(path) as (image, remarks):
        if image.mode.startswith(("I", "F")):
            return _scaled(np.asarray(image), path.name, remarks)
        return np.array(image.convert("RGB")), remarks


def load_mask(path: Path) -> tuple[np.ndarray, tuple[Remark, ...]]:
    """uint8 `[H, W, 1]`, 1 where the object is: every value but black, of any depth; in a picture without colours,
    where it is not transparent; in a JPEG, whose black is not exact, the brighter half. Turned, and raises, as `load`.
    """
    with _opened(path) as (image, remarks):
        if image.mode.startswith(("I", "F")):
            return (np.asarray(image)[..., None] > 0).astype(np.uint8), remarks
        values = np.asarray(image.convert("RGBA"))
        colours = np.any(values[..., :3] > (127 if path.suffix.lower() in LOSSY else 0), axis=-1)
        opaque = values[..., 3] > 0
        found = colours if colours.any() or opaque.all() else opaque
        return found[..., None].astype(np.uint8), remarks


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image, tuple[Remark, ...]]]:
    """The picture upright, and the remark on that; what is wrong with the file within it is a MediaFailure
    `unreadable`."""
    try:
        with (
            warnings.catch_warnings(action="ignore", category=UserWarning),
            Image.open(path) as image,
        ):  # of damaged EXIF data
            turned = _exif_orientation(image) in TURNS
            image.load()  # which turns a TIFF
            turn = TURNS.get(_exif_orientation(image))
            upright = image if turn is None else image.transpose(turn)
            yield upright, (Remark("rotated", f"{path.name}: turned as its EXIF orientation says"),) if turned else ()
    except UnidentifiedImageError as error:  # its text names the whole path, which differs between machines
        raise MediaFailure("unreadable", f"{path.name} is not an image of a known format") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MediaFailure("unreadable", f"{path.name} is not an image that can be decoded ({error})") from error


def _exif_orientation(image: Image.Image) -> int:
    """1 to 8, 1 (upright) where there is none or where the EXIF data are damaged, as viewers do."""
    try:
        return image.getexif().get(ORIENTATION, 1)
    except (SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return 1


def _scaled(values: np.ndarray, name: str, remarks: tuple[Remark, ...]) -> tuple[np.ndarray, tuple[Remark, ...]]:
    """Grey values of 16 or 32 bits → RGB. The range of integers of 16 bits is theirs, of others the smallest usual one
    that holds them."""
    real = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=np.inf, neginf=0.0)
    smallest, largest = float(np.min(real, initial=0.0)), float(np.max(real, initial=0.0))
    if smallest < -LEAST * largest:
        raise MediaFailure(
            "unreadable", f"{name}: values from {smallest:g} to {largest:g}, and nothing says which of them is black"
        )
    usual = RANGES[0 if values.dtype.kind == "f" else 2 :]
    top = next((top for top in usual if largest <= top), None)
    if top is None:
        raise MediaFailure("unreadable", f"{name}: values up to {largest:g} are of no known range")
    grey = np.clip(np.rint(real * (255.0 / top)), 0, 255).astype(np.uint8)
    remark = Remark("range_scaled", f"{name}: values of 0 to {top:g} were scaled to 8 bits")
    return np.repeat(grey[..., None], 3, axis=2), (*remarks, remark)


def read_image(path: Path) -> Decoded:
    """One image as one second of one frame: uint8 `[1, H, W, 3]`."""
    array, remarks = load(path)
    return Decoded(array[None], 1, remarks=remarks)


def read_images(
    files: Sequence[Path], window: Window, read: Callable[[Path], tuple[np.ndarray, tuple[Remark, ...]]] = load
) -> Decoded:
    """Images of one size, one per second: uint8 `[seconds, H, W, 3]` (masks: 1); at most `window.seconds` are read.

    Raises MediaFailure `empty` when there is none, `unreadable` when sizes differ.
    """
    loaded = [read(file) for file in files[: window.seconds]]
    if not loaded:
        raise MediaFailure("empty", "the folder holds no image")
    images = [array for array, _ in loaded]
    sizes = {image.shape[:2] for image in images}
    if len(sizes) > 1:
        raise MediaFailure("unreadable", f"expected images of one size in the folder, found {sorted(sizes)}")
    return Decoded(np.stack(images), len(images), remarks=tuple(remark for _, remarks in loaded for remark in remarks))
