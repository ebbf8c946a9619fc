"""One media file of a plan: rendered, encoded as its suffix says, and damaged where the plan says so.

Damage: `missing` is not written, `short` ends early, `mute` has no sound track, `truncated` is cut as by an interrupted
download, `page` is the text of an error page under a media name, `grey` has one channel (not an error: some official
images are grey).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cmg.synth import picture, sound
from cmg.synth.encode import truncate, write_avi, write_image, write_mask, write_mp4, write_wav
from cmg.synth.plan import ClipPlan, Media
from cmg.synth.spec import CorpusSpec

SHORT = 0.63
PAGE = b"<!doctype html><title>404 Not Found</title>\n"


def write_media(media: Media, root: Path, spec: CorpusSpec) -> int:
    """Renders and writes one media file with its defect; bytes written, 0 for a missing one."""
    clip, path = media.clip, root / media.path
    if clip.defect == "missing":
        return 0
    if clip.defect == "short":
        clip = replace(clip, seconds=round(SHORT * clip.seconds * spec.fps) / spec.fps)
    WRITERS[path.suffix](path, replace(media, clip=clip), spec)
    if clip.defect == "truncated":
        truncate(path)
    if clip.defect == "page":
        path.write_bytes(PAGE)
    return path.stat().st_size


def _film(path: Path, media: Media, spec: CorpusSpec) -> None:
    write = write_avi if path.suffix == ".avi" else write_mp4
    write(
        path, picture.render(spec, media.clip), spec.fps, sound.render(spec, media.clip) if _heard(media.clip) else None
    )


def _sound(path: Path, media: Media, spec: CorpusSpec) -> None:
    write_wav(path, *sound.render(spec, media.clip))


def _image(path: Path, media: Media, spec: CorpusSpec) -> None:
    if media.mask:
        write_mask(path, picture.mask(spec, media.clip, media.second))
    else:
        write_image(path, picture.still(spec, media.clip, media.second), grey=media.clip.defect == "grey")


def _heard(clip: ClipPlan) -> bool:
    return clip.sound and clip.defect != "mute"


WRITERS: dict[str, Callable[[Path, Media, CorpusSpec], None]] = {
    ".mp4": _film,
    ".avi": _film,
    ".wav": _sound,
    ".jpg": _image,
    ".png": _image,
}
