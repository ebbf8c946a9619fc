"""Which files a clip of AVSBench-S4 has: five frames (one per second), and masks: one for train, five for val and test.

Paths are relative to the dataset root.
"""

from cmg.datasets.clips import Clip

DATA = "Single-source/s4_data"
FRAMES = f"{DATA}/visual_frames/"
SECONDS = 5
MASKS = {"train": 1, "val": SECONDS, "test": SECONDS}


def frame_paths(clip: Clip) -> tuple[str, ...]:
    """The five frames of a clip."""
    return tuple(f"{clip.visual}/{clip.clip_id}_{second}.png" for second in range(1, SECONDS + 1))


def mask_folder(clip: Clip) -> str:
    """The folder of a clip's masks."""
    return clip.visual.replace("/visual_frames/", "/gt_masks/", 1)


def mask_paths(clip: Clip) -> tuple[str, ...]:
    """The masks of a clip: one (first second) for train, five for val and test."""
    return tuple(f"{mask_folder(clip)}/{clip.clip_id}_{second}.png" for second in range(1, MASKS[clip.split] + 1))


def covered_files(clip: Clip) -> tuple[str, ...]:
    """The files that `visual_fingerprint` is over where `visual` is a folder of frames: frames, then masks; () for other clips."""
    return frame_paths(clip) + mask_paths(clip) if clip.visual and clip.visual.startswith(FRAMES) else ()
