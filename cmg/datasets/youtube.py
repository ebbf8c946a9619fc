"""The YouTube video behind a clip id."""

_ID_IS_YOUTUBE = ("ave", "vggsound_avel", "avsbench_s4")
_ID_STARTS_WITH_YOUTUBE = ("avvp", "valor32k", "vggsound")


def youtube_id(dataset: str, clip_id: str) -> str | None:
    """The 11-character YouTube id in a clip id, None for datasets that are not from YouTube or do not say."""
    if dataset in _ID_IS_YOUTUBE:
        return clip_id
    return clip_id[:11] if dataset in _ID_STARTS_WITH_YOUTUBE else None
