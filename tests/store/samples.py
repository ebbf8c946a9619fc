"""Small stores for the tests of this folder. Axes: N clips, T=4 seconds, 3x3 positions, C=8 channels."""

from pathlib import Path

import numpy as np

from cmg.store import StoreSpec
from cmg.store.writer import StoreWriter

SHAPE = (4, 3, 3, 8)


def make_spec(clips: int = 10, **changes) -> StoreSpec:
    """Three shards of four clips by default; ids as hostile as the official ones."""
    values = {
        "dataset": "ave",
        "modality": "video",
        "ids": [f"-clip {row}, é#.mp4" for row in range(clips)],
        "fingerprints": [f"print-{row}" for row in range(clips)],
        "shape": SHAPE,
        "dtype": "float16",
        "recipe": {"frames_per_second": 16},
        "weights_digest": "ab" * 32,
        "clips_per_shard": 4,
    }
    return StoreSpec(**(values | changes))


def clip(row: int, dtype: str = "float16") -> np.ndarray:
    """Features of one clip, a function of its row."""
    return (np.random.default_rng(row).random(SHAPE) * 100).astype(dtype)


def fill(writer: StoreWriter, rows=None, failing: dict[int, str] | None = None) -> list[int]:
    """Settle ``rows`` (default: all to do) and return them."""
    rows = writer.todo if rows is None else list(rows)
    for row in rows:
        if row in (failing or {}):
            writer.fail(row, failing[row], f"reason {row}")
        else:
            writer.put(row, clip(row, writer.spec.dtype), valid=1 + row % 4)
    return rows


def write(path: Path, spec: StoreSpec | None = None, failing: dict[int, str] | None = None, **options) -> Path:
    """A sealed store at ``path``; its work folder lies beside it."""
    with StoreWriter(path, path.with_suffix(".work"), spec or make_spec(), **options) as writer:
        fill(writer, failing=failing)
        return writer.seal()


def contents(path: Path) -> dict[str, bytes]:
    """Every file of a folder and its bytes."""
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
