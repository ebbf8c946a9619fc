"""What the name of a media file says: whether it can be seen, and heard."""

from pathlib import PurePosixPath

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".oga", ".m4a", ".opus", ".aac"})
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".flv", ".wmv", ".ogv", ".3gp", ".ts"}
)
MEDIA_SUFFIXES = VIDEO_SUFFIXES | AUDIO_SUFFIXES | IMAGE_SUFFIXES


def kinds(path: str) -> tuple[bool, bool]:
    """Whether a file of this name can be seen, and heard; a film is both, and so is what the name says nothing of."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix not in AUDIO_SUFFIXES, suffix not in IMAGE_SUFFIXES
