"""What a clip shows, as a task for the decoding processes: a film, an image, or a folder of frames."""

from pathlib import Path

from cmg.datasets.clips import Clip
from cmg.media.failure import MediaFailure
from cmg.media.source import Source
from cmg.media.video import VideoTask
from cmg.media.window import Window


def video_task(clip: Clip, root: Path, window: Window) -> VideoTask | MediaFailure:
    """The part `window` of a clip's visual file; a `no_video` failure where the index names none."""
    if clip.visual is None:
        return MediaFailure("no_video", "the index names no visual file for this clip")
    return VideoTask(Source(str(root), clip.visual, clip.visual_fingerprint, clip.files), window)
