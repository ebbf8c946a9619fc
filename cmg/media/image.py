"""Image files to arrays, with Pillow."""

import re
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from cmg.media.failure import MediaFailure
from cmg.media.grid import Window
from cmg.media.source import IMAGE_SUFFIXES, Decoded


def load_rgb(path: Path) -> np.ndarray:
    """uint8 `[H, W, 3]` RGB; grey, palette and transparent images are converted. Raises MediaFailure `unreadable`."""
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except UnidentifiedImageError as error:  # its text names the whole path, which differs between machines
        raise MediaFailure("unreadable", f"{path.name} is not an image of a known format") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MediaFailure("unreadable", f"{path.name} is not an image that can be decoded ({error})") from error


def read_image(path: Path) -> Decoded:
    """One image as one second of one frame: uint8 `[1, H, W, 3]`."""
    return Decoded(load_rgb(path)[None], 1)


def read_folder(path: Path, window: Window) -> Decoded:
    """A folder of images, one per second in the order of the last number in their names: uint8 `[seconds, H, W, 3]`.

    At most `window.seconds` images are read. Raises MediaFailure `empty` for a folder without images, `unreadable` when sizes differ.
    """
    files = sorted((file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES), key=_order)[: window.seconds]
    if not files:
        raise MediaFailure("empty", "the folder holds no image")
    images = [load_rgb(file) for file in files]
    sizes = {image.shape[:2] for image in images}
    if len(sizes) > 1:
        raise MediaFailure("unreadable", f"expected images of one size in the folder, found {sorted(sizes)}")
    return Decoded(np.stack(images), len(images))


def _order(file: Path) -> tuple[int, str]:
    numbers = re.findall(r"\d+", file.stem)
    return (int(numbers[-1]) if numbers else -1, file.name)
