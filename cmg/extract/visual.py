"""What a clip shows, as a task for the decoding processes: a film, an image, or the frames of AVSBench-S4."""

from pathlib import Path

from cmg.datasets.clips import Clip
from cmg.datasets.s4_files import covered_files
from cmg.media.failure import MediaFailure
from cmg.media.source import Source
from cmg.media.video import VideoTask
from cmg.media.window import Window


def video_task(clip: Clip, root: Path, window: Window) -> VideoTask | MediaFailure:
    """The part `window` of a clip's visual file; a `no_video` failure where the index names none."""
    if clip.visual is None:
        return MediaFailure("no_video", "the index names no visual file for this clip")
    return VideoTask(Source(str(root), clip.visual, clip.visual_fingerprint, covered_files(clip)), window)
