"""Released features in the place of media: which file holds the features of a clip.

Layouts, relative to the dataset root (facts/datasets.md 2.4, 2.6, 2.7, 3.3), the first one found counts:

    feature/<audio|video>/zip/<name>.zip                       one zipped pickle per clip (CMG, CoDAAR)
    feature/<audio|video>/<split>/zip/<category>/<name>.zip    the same, AVSBench-S4
    audio_feature.h5, visual_feature.h5                        AVE: row i is annotation row i
    feats/vggish/<name>.npy                                    LLP, sound only

`name` is the clip id; for AVVP its first 11 characters.
"""

from collections.abc import Sequence
from dataclasses import replace

from cmg.datasets.clips import Clip
from cmg.datasets.listing import Listing
from cmg.datasets.rows import first_of

H5 = {"audio": "audio_feature.h5", "video": "visual_feature.h5"}


def with_released(clips: Sequence[Clip], listing: Listing, dataset: str) -> list[Clip]:
    """The clips with `visual` and `audio` naming feature files instead of media, fingerprints from the listing.

    A clip is `ok` when one of the two is there, `missing` otherwise; malformed and refused rows stay as they are.
    """
    return [_with_files(clip, listing, dataset) if clip.status in ("ok", "missing") else _bare(clip) for clip in clips]


def candidates(clip: Clip, dataset: str, modality: str) -> tuple[str, ...]:
    """Where the features of a clip may be; modality is `audio` or `video`."""
    name = clip.clip_id[:11] if dataset == "avvp" else clip.clip_id
    found = [f"feature/{modality}/zip/{name}.zip"]
    if dataset == "avsbench_s4" and clip.events:
        found.append(f"feature/{modality}/{clip.split}/zip/{clip.events[0].label}/{name}.zip")
    if dataset == "ave":
        found.append(H5[modality])
    if modality == "audio":
        found.append(f"feats/vggish/{name}.npy")
    return tuple(found)


def _with_files(clip: Clip, listing: Listing, dataset: str) -> Clip:
    paths = {modality: candidates(clip, dataset, modality) for modality in ("audio", "video")}
    heard, seen = (first_of(listing, paths[modality]) for modality in ("audio", "video"))
    absent = heard is None and seen is None
    return replace(
        clip,
        visual=seen.path if seen else None,
        audio=heard.path if heard else None,
        visual_fingerprint=seen.fingerprint if seen else "",
        audio_fingerprint=heard.fingerprint if heard else "",
        files=(),
        status="missing" if absent else "ok",
        reason=f"no released features: {' or '.join(paths['video'] + paths['audio'])}" if absent else "",
    )


def _bare(clip: Clip) -> Clip:
    return replace(clip, visual=None, audio=None, visual_fingerprint="", audio_fingerprint="", files=())
