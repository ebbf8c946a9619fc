"""How a film is turned or mirrored in its header."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type


@dataclass(frozen=True)
class Orientation:
    """What to do to a decoded frame, in this order: swap rows and columns, mirror left and right, mirror top and
    bottom."""

    transposed: bool = False
    left_right: bool = False
    top_bottom: bool = False

    def apply(self, frames: np.ndarray) -> np.ndarray:
        """Frames uint8 `[n, H, W, 3]` as they are to be seen; contiguous."""
        if self.transposed:
            frames = frames.swapaxes(1, 2)
        frames = frames[:, :, ::-1] if self.left_right else frames
        frames = frames[:, ::-1] if self.top_bottom else frames
        return np.ascontiguousarray(frames)


def orientation(frame: av.VideoFrame) -> Orientation:
    """From the display matrix `[a b u; c d v; x y w]`, by which a point goes to `(a x + c y, b x + d y)`; quarter turns
    only."""
    sides: Iterable[Any] = frame.side_data  # PyAV declares a mapping, and goes through its values
    for data in sides:
        if data.type == Type.DISPLAYMATRIX:
            a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
            transposed = abs(b) + abs(c) > abs(a) + abs(d)
            across, down = (c, b) if transposed else (a, d)
            return Orientation(transposed, across < 0, down < 0)
    return Orientation()
