"""Image files to arrays, with Pillow."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from cmg.media.failure import MediaFailure
from cmg.media.grid import Window
from cmg.media.source import Decoded


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


def read_images(files: Sequence[Path], window: Window) -> Decoded:
    """Images of one size, one per second: uint8 `[seconds, H, W, 3]`; at most `window.seconds` are read.

    Raises MediaFailure `empty` when there is none, `unreadable` when sizes differ.
    """
    images = [load_rgb(file) for file in files[: window.seconds]]
    if not images:
        raise MediaFailure("empty", "the folder holds no image")
    sizes = {image.shape[:2] for image in images}
    if len(sizes) > 1:
        raise MediaFailure("unreadable", f"expected images of one size in the folder, found {sorted(sizes)}")
    return Decoded(np.stack(images), len(images))
