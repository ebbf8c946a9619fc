"""Test frames with the masks that were found, kept for people to look at.

n pictures, S pixels a side.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from cmg.files import write_bytes
from cmg.segmentation.errors import SegmentationError

HELP = "python -m pipeline enable branches/segmentation && dvc repro branches/segmentation/dvc.yaml"


@dataclass(frozen=True)
class Picture:
    """A test frame [S,S,3] uint8, its truth [S,S], and the masks that were found, bool [S,S], by direction and kind of
    query.
    """

    clip_id: str
    label: str
    frame: np.ndarray
    truth: np.ndarray
    found: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)


def write_pictures(path: Path, pictures: Sequence[Picture]) -> None:
    """One safetensors file, deterministic and atomic; empty where there are none."""
    tensors: dict[str, np.ndarray] = {}
    for number, picture in enumerate(pictures):
        masks = {
            "truth": picture.truth,
            **{f"{direction}.{kind}": mask for (direction, kind), mask in picture.found.items()},
        }
        tensors |= {f"{number}.{name}": np.ascontiguousarray(mask, dtype=np.uint8) for name, mask in masks.items()}
        tensors[f"{number}.frame"] = np.ascontiguousarray(picture.frame)
    write_bytes(path, save(tensors, {"clips": json.dumps([[picture.clip_id, picture.label] for picture in pictures])}))


def read_pictures(path: Path) -> list[Picture]:
    """What `write_pictures` wrote. Raises SegmentationError naming a file that it did not."""
    try:
        with safe_open(path, "numpy") as file:
            clips = json.loads(file.metadata()["clips"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found: list[Picture] = []
        for number, (clip_id, label) in enumerate(clips):
            own = {name.partition(".")[2]: value for name, value in tensors.items() if name.startswith(f"{number}.")}
            frame, truth = own.pop("frame"), own.pop("truth") > 0
            found.append(
                Picture(clip_id, label, frame, truth, {tuple(name.split(".")): mask > 0 for name, mask in own.items()})
            )
        return found
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise SegmentationError(
            f"{path}: expected pictures of the segment stage, found {error!r}; run: {HELP}"
        ) from error


def png(picture: np.ndarray) -> bytes:
    """A frame uint8 [S,S,3], or a mask bool [S,S] in black and white, as PNG."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", optimize=True)
    return out.getvalue()
